// A received Diameter message, read in place (RFC 6733 clauses 3 and 4).
//
// Owns a Slice, so the bytes live as long as it does; one shard, as the slice's slab. Its top-level AVPs are walked once
// and remembered (code, vendor, where); groups are walked when somebody looks into them. Nothing is decoded or copied.
// A message that is damaged from some AVP on still has those before it: enough to answer it (structure_end()).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/slice.h"
#include "core/diameter/avp_view.h"
#include "core/diameter/header.h"

namespace claviger::diameter {

// Messages have some 15 AVPs. Beyond this many it is an attack; each costs the checks some 20 ns.
inline constexpr std::size_t kAvpsMax = 512;
// Groups within groups: Failed-AVP around a group of groups comes to 4.
inline constexpr std::size_t kGroupDepthMax = 8;
// Agents a request has passed: real chains have two to four.
inline constexpr std::size_t kRouteRecordsMax = 16;

class Message {
 public:
  // How the walk over the top-level AVPs ended.
  enum class Structure : std::uint8_t { Sound, BadAvpLength, Overrun, TooManyAvps };

  Message() { first_.fill(0); }
  // `bytes` is one whole message as FrameReader cuts it: a header, and as many bytes as its length field says.
  explicit Message(Slice bytes);

  const Header& header() const { return header_; }
  const Slice& slice() const { return slice_; }
  Bytes bytes() const { return slice_.bytes(); }
  Bytes avps() const { return slice_.bytes().subspan(kHeaderBytes); }
  bool empty() const { return slice_.empty(); }

  Structure structure() const { return structure_; }
  // Where the first AVP that is not well formed starts, from the message's first byte.
  std::size_t structure_end() const { return structure_end_; }

  std::optional<AvpView> find(const AvpId& id) const {
    const Place* const place = place_of(id);
    if (place != nullptr) return at(*place);
    return is_each_once() ? std::nullopt : find_nth(id, 0);
  }
  std::optional<AvpView> find_nth(const AvpId& id, std::size_t n) const;
  std::size_t count(const AvpId& id) const;
  // Its text; empty when it is not there.
  std::string_view text(const AvpId& id) const {
    const auto found = find(id);
    return found ? found->text() : std::string_view();
  }
  std::optional<std::uint32_t> u32(const AvpId& id) const {
    const auto found = find(id);
    return found ? found->u32() : std::nullopt;
  }
  // All well-formed top-level AVPs in order.
  AvpWalk walk() const { return AvpWalk(slice_.bytes().subspan(kHeaderBytes, structure_end_ - kHeaderBytes)); }
  std::size_t avp_count() const { return count_; }
  // The n-th AVP's name and place, without a walk, for n < indexed_count().
  struct Place {
    std::uint64_t key;  // of AvpId
    std::uint32_t offset;
    std::uint32_t length;
  };
  std::size_t indexed_count() const { return count_ < kIndexed ? count_ : kIndexed; }
  const Place& place(std::size_t n) const { return places_[n]; }
  // Of the first of that name, in one look; null: it is not there, or has to be looked for (find()).
  const Place* place_of(const AvpId& id) const {
    const std::size_t first = first_[slot_of(id.key())];
    return first != 0 && places_[first - 1].key == id.key() ? &places_[first - 1] : nullptr;
  }
  AvpView at(const Place& place) const {
    return {Bytes(slice_.data() + place.offset, place.length), static_cast<std::uint32_t>(place.key),
            static_cast<std::uint32_t>(place.key >> 32U)};
  }
  // No AVP is there twice: what find() does not tell of one, count() does not, either. No: perhaps.
  bool is_each_once() const { return !is_crowded_ && count_ <= kIndexed; }
  // Of an AVP of this message: from the message's first byte.
  std::size_t offset_of(const AvpView& avp) const {
    return static_cast<std::size_t>(avp.whole().data() - slice_.data());
  }

  std::string_view session_id() const { return text(avp::kSessionId); }
  std::string_view origin_host() const { return text(avp::kOriginHost); }
  std::string_view origin_realm() const { return text(avp::kOriginRealm); }
  std::string_view destination_host() const { return text(avp::kDestinationHost); }
  std::string_view destination_realm() const { return text(avp::kDestinationRealm); }

  // Of an answer: {0, Result-Code} or {vendor, Experimental-Result-Code}; {0, 0} when neither is there, or both.
  struct Outcome {
    std::uint32_t vendor = 0;
    std::uint32_t code = 0;
    bool is_success() const { return code / 1000 == 2; }
  };
  Outcome outcome() const;
  // DRMP (RFC 7944): 0 is the most important of 16; what has none counts as kPriorityUsual (clause 8).
  static constexpr std::uint32_t kPriorityUsual = 10;
  std::uint32_t priority() const;

 private:
  // The first AVPs' places; later ones (few messages have so many) are walked to.
  static constexpr std::size_t kIndexed = 32;
  // Where to look for a name: by six bits of its code, those with a vendor apart. The base protocol's AVPs and those of Cx have
  // 64 codes in a row each, so that they do not meet.
  static constexpr std::size_t kSlots = 128;
  static constexpr std::size_t slot_of(std::uint64_t key) { return (key & 63U) | ((key >> 32U) != 0 ? 64U : 0U); }

  Slice slice_;
  Header header_;
  Structure structure_ = Structure::Sound;
  std::uint32_t structure_end_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t indexed_end_ = 0;                       // offset of the first AVP that is not in places_
  bool is_crowded_ = false;                             // two of places_ have one slot
  alignas(16) std::array<std::uint8_t, kSlots> first_;  // 1 + the first place of that slot; 0: none
  std::array<Place, kIndexed> places_;
};

}  // namespace claviger::diameter
