#include "core/diameter/answer_cache.h"

#include <string.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace claviger::diameter {
namespace {

// Tells a sender's own requests apart, and need not withstand him: he would get what was his before.
std::uint64_t fold(Bytes bytes) {
  std::uint64_t folded = bytes.size();
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    folded = std::rotl(folded, 7) ^ word;
  }
  for (const std::byte octet : bytes) folded = std::rotl(folded, 7) ^ std::to_integer<std::uint64_t>(octet);
  return folded;
}

std::uint64_t head_of(const AnswerCache::Name& name, std::uint64_t entry) {
  return (name.first & 0xffffffff00000000U) | (entry + 1);
}

}  // namespace

AnswerCache::Name AnswerCache::name_of(const Message& request, std::size_t peer) const {
  // Origin-Host was checked: of 255 octets at most. A longer one would come from a node that checks nothing.
  std::array<std::byte, 16 + 255> who;
  store_u32(who.data(), request.header().command);
  store_u32(who.data() + 4, request.header().end_to_end);
  const std::uint64_t from = peer;
  std::memcpy(who.data() + 8, &from, sizeof from);
  const Bytes host = as_bytes(request.origin_host()).first(std::min<std::size_t>(request.origin_host().size(), 255));
  std::ranges::copy(host, who.begin() + 16);
  std::uint64_t second = siphash(other_key_, Bytes(who).first(16 + host.size()));
  // Agents write who gave it to them (RFC 6733 clause 6.1.9): nobody behind one is given what another behind it asked for.
  for (std::size_t n = 0; const auto record = request.find_nth(avp::kRouteRecord, n); ++n) {
    const Bytes way = record->data().first(std::min<std::size_t>(record->data().size(), 255));
    std::memcpy(who.data(), &second, sizeof second);
    std::ranges::copy(way, who.begin() + 8);
    second = siphash(other_key_, Bytes(who).first(8 + way.size()));
  }
  return {siphash(key_, request.session_id()), second, fold(request.bytes().subspan(kHeaderBytes)), 0};
}

void AnswerCache::wipe_oldest() {
  Entry& entry = entries_[oldest_++ % kEntries];
  ::explicit_bzero(ring_.data() + entry.at % kBytes, entry.size);
  entry.size = 0;
}

void AnswerCache::remember(const Name& name, Bytes answer, Monotonic now) {
  if (answer.size() > kBytes / 16) return;
  if (ring_.empty()) {
    ring_.resize(kBytes);
    entries_.resize(kEntries);
    heads_.assign(kEntries, 0);
  }
  expire(now);
  std::uint64_t at = written_;
  if (kBytes - at % kBytes < answer.size()) at += kBytes - at % kBytes;  // never around the ring's end
  while (oldest_ != next_ &&
         (next_ - oldest_ == kEntries || at + answer.size() - entries_[oldest_ % kEntries].at > kBytes)) {
    wipe_oldest();
  }
  std::memcpy(ring_.data() + at % kBytes, answer.data(), answer.size());
  entries_[next_ % kEntries] = {name, at, static_cast<std::uint32_t>(answer.size()), now};
  heads_[name.second % kEntries] = head_of(name, next_ % kEntries);
  ++next_;
  written_ = at + answer.size();
}

std::optional<Bytes> AnswerCache::find(const Message& request, const Name& name, Monotonic now) const {
  if (ring_.empty()) return std::nullopt;
  const std::uint64_t head = heads_[name.second % kEntries];
  const auto number = static_cast<std::uint32_t>(head);
  if (number == 0 || head != head_of(name, number - 1)) return std::nullopt;
  const Entry& entry = entries_[number - 1];
  if (entry.size == 0 || entry.name.first != name.first || entry.name.second != name.second || now - entry.when > kKept)
    return std::nullopt;
  if (entry.name.generation != name.generation) return std::nullopt;
  if (!request.header().is_retransmitted() && entry.name.content != name.content) return std::nullopt;
  return Bytes(ring_.data() + entry.at % kBytes, entry.size);
}

void AnswerCache::expire(Monotonic now) {
  while (oldest_ != next_ && now - entries_[oldest_ % kEntries].when > kKept) wipe_oldest();
}

}  // namespace claviger::diameter
