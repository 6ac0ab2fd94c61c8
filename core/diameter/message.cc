#include "core/diameter/message.h"

#include <algorithm>

namespace claviger::diameter {
namespace {

constexpr std::uint32_t kPriorityLowest = 15;

}  // namespace

Message::Message(Slice bytes) : slice_(std::move(bytes)), header_(parse_header(slice_.bytes())) {
  const std::byte* const start = slice_.data();
  const std::size_t size = slice_.size();
  std::size_t at = kHeaderBytes;
  while (at < size) {
    const std::size_t left = size - at;
    structure_end_ = static_cast<std::uint32_t>(at);
    if (left < kAvpHeaderBytes) {
      structure_ = Structure::Overrun;
      return;
    }
    const std::uint32_t code = load_u32(start + at);
    const std::uint32_t word = load_u32(start + at + 4);
    const std::size_t length = word & 0xffffffU;
    const bool has_vendor = (word >> 24U & kAvpVendor) != 0;
    if (length < (has_vendor ? kAvpVendorHeaderBytes : kAvpHeaderBytes) || length > left) {
      structure_ = Structure::BadAvpLength;
      return;
    }
    if (count_ == kAvpsMax) {
      structure_ = Structure::TooManyAvps;
      return;
    }
    if (count_ < kIndexed) {
      const std::uint64_t key = AvpId{code, has_vendor ? load_u32(start + at + 8) : 0}.key();
      places_[count_] = {key, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(length)};
      const std::uint64_t base = key - kBaseFirst;
      if (base < kBaseCount && base_[base] == 0) base_[base] = static_cast<std::uint8_t>(count_ + 1);
      indexed_end_ = static_cast<std::uint32_t>(std::min(at + padded(length), size));
    }
    ++count_;
    at += padded(length);
  }
  if (at > size) structure_ = Structure::Overrun;  // the last one's padding is not there
  structure_end_ = static_cast<std::uint32_t>(std::min(at, size));
}

std::optional<AvpView> Message::find_nth(const AvpId& id, std::size_t n) const {
  const std::size_t indexed = indexed_count();
  const std::uint64_t key = id.key();
  std::size_t i = 0;
  if (key - kBaseFirst < kBaseCount) {
    const std::size_t first = base_[key - kBaseFirst];
    if (first != 0 && n == 0) return at(places_[first - 1]);
    i = first != 0 ? first - 1 : indexed;
  }
  for (; i < indexed; ++i) {
    const Place& place = places_[i];
    if (place.key != key) continue;
    if (n == 0) return at(place);
    --n;
  }
  if (count_ <= kIndexed) return std::nullopt;
  AvpWalk rest(slice_.bytes().subspan(indexed_end_, structure_end_ - indexed_end_));
  while (const auto avp = rest.next()) {
    if (!avp->is(id)) continue;
    if (n == 0) return avp;
    --n;
  }
  return std::nullopt;
}

std::size_t Message::count(const AvpId& id) const {
  std::size_t found = 0;
  const std::size_t indexed = indexed_count();
  const std::uint64_t key = id.key();
  const bool is_absent = key - kBaseFirst < kBaseCount && base_[key - kBaseFirst] == 0;
  for (std::size_t i = is_absent ? indexed : 0; i < indexed; ++i) found += places_[i].key == key ? 1U : 0U;
  if (count_ <= kIndexed) return found;
  AvpWalk rest(slice_.bytes().subspan(indexed_end_, structure_end_ - indexed_end_));
  while (const auto avp = rest.next()) found += avp->is(id) ? 1U : 0U;
  return found;
}

Message::Outcome Message::outcome() const {
  const auto group = find(avp::kExperimentalResult);
  if (const auto code = u32(avp::kResultCode)) return group ? Outcome{} : Outcome{0, *code};
  if (!group) return {};
  const auto vendor = find_in_group(*group, avp::kVendorId);
  const auto code = find_in_group(*group, avp::kExperimentalResultCode);
  if (!vendor || !code) return {};
  return {vendor->u32().value_or(0), code->u32().value_or(0)};
}

std::uint32_t Message::priority() const {
  const auto given = u32(avp::kDrmp);
  return given && *given <= kPriorityLowest ? *given : kPriorityUsual;
}

}  // namespace claviger::diameter
