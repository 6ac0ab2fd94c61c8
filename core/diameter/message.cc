#include "core/diameter/message.h"

#include <algorithm>
#include <cstring>

namespace claviger::diameter {
namespace {

constexpr std::uint32_t kPriorityLowest = 15;

}  // namespace

// Sums in variables of its own: members would be written and read again with each AVP.
Message::Message(Slice bytes) : slice_(std::move(bytes)), header_(parse_header(slice_.bytes())) {
  // In two halves: for 128 octets g++ 12 writes a "rep stos", whose start takes longer than the stores do.
  std::memset(first_.data(), 0, kSlots / 2);
  std::memset(first_.data() + kSlots / 2, 0, kSlots / 2);
  const std::byte* const start = slice_.data();
  const std::size_t size = slice_.size();
  std::size_t at = kHeaderBytes;
  std::size_t count = 0;
  std::size_t indexed_end = 0;
  bool is_crowded = false;
  Structure structure = Structure::Sound;
  while (at < size) {
    const std::size_t left = size - at;
    if (left < kAvpHeaderBytes) {
      structure = Structure::Overrun;
      break;
    }
    const std::uint32_t code = load_u32(start + at);
    const std::uint32_t word = load_u32(start + at + 4);
    const std::size_t length = word & 0xffffffU;
    const bool has_vendor = (word >> 24U & kAvpVendor) != 0;
    if (length < (has_vendor ? kAvpVendorHeaderBytes : kAvpHeaderBytes) || length > left) {
      structure = Structure::BadAvpLength;
      break;
    }
    if (count == kAvpsMax) {
      structure = Structure::TooManyAvps;
      break;
    }
    if (count < kIndexed) {
      const std::uint64_t key = AvpId{code, has_vendor ? load_u32(start + at + 8) : 0}.key();
      places_[count] = {key, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(length)};
      std::uint8_t& first = first_[slot_of(key)];
      is_crowded |= first != 0;
      first = first != 0 ? first : static_cast<std::uint8_t>(count + 1);
    } else if (count == kIndexed) {
      indexed_end = at;
    }
    ++count;
    at += padded(length);
  }
  if (at > size) structure = Structure::Overrun;  // the last one's padding is not there
  structure_ = structure;
  structure_end_ = static_cast<std::uint32_t>(std::min(at, size));
  count_ = static_cast<std::uint32_t>(count);
  indexed_end_ = static_cast<std::uint32_t>(indexed_end);
  is_crowded_ = is_crowded;
}

std::optional<AvpView> Message::find_nth(const AvpId& id, std::size_t n) const {
  const std::size_t indexed = indexed_count();
  const std::uint64_t key = id.key();
  const std::size_t first = first_[slot_of(key)];
  for (std::size_t i = first != 0 ? first - 1 : indexed; i < indexed; ++i) {
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
  const std::size_t first = first_[slot_of(key)];
  for (std::size_t i = first != 0 ? first - 1 : indexed; i < indexed; ++i) found += places_[i].key == key ? 1U : 0U;
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
