// Requests that a connection has sent and that are not answered: found by their hop-by-hop identifier (RFC 6733 clause 3).
//
// Owned by a connection, on its shard. The identifier is a place in the table and how often that place was used, so that
// finding is one look, and a late or repeated answer meets a newer number and is told apart. It starts at random.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace claviger::diameter {

class PendingTable {
 public:
  static constexpr unsigned kPlaceBits = 18;
  static constexpr std::size_t kMax = std::size_t{1} << kPlaceBits;

  struct Waiting {
    std::uint64_t transaction = 0;
    std::uint32_t end_to_end = 0;
    std::uint32_t command = 0;
    std::uint32_t origin = 0;  // the shard of the transaction
  };

  explicit PendingTable(std::uint32_t salt) : salt_(salt) {}
  std::size_t size() const { return size_; }

  // Its hop-by-hop identifier. The caller has compared size() with its own bound, at most kMax.
  std::uint32_t add(const Waiting& waiting) {
    if (free_ == kNone) {
      places_.push_back(Place{});
      free_ = static_cast<std::uint32_t>(places_.size() - 1);
    }
    const std::uint32_t at = free_;
    Place& place = places_[at];
    free_ = place.next_free;
    place.waiting = waiting;
    place.is_used = true;
    ++size_;
    return (place.uses << kPlaceBits | at) ^ salt_;
  }
  // Nothing when nobody waits for it, or for another command or end-to-end identifier.
  std::optional<Waiting> take(std::uint32_t hop_by_hop, std::uint32_t command, std::uint32_t end_to_end) {
    Place* const place = find(hop_by_hop);
    if (place == nullptr || place->waiting.command != command || place->waiting.end_to_end != end_to_end) {
      return std::nullopt;
    }
    return release(*place);
  }
  // Nobody waits for it any more.
  void forget(std::uint32_t hop_by_hop) {
    if (Place* const place = find(hop_by_hop)) release(*place);
  }
  // Any one of them; nothing when it is empty. For the end of a connection.
  std::optional<Waiting> take_any() {
    while (scan_ < places_.size()) {
      if (Place& place = places_[scan_++]; place.is_used) return release(place);
    }
    scan_ = 0;
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Place {
    Waiting waiting;
    std::uint32_t uses = 0;
    std::uint32_t next_free = kNone;
    bool is_used = false;
  };
  Place* find(std::uint32_t hop_by_hop) {
    const std::uint32_t number = hop_by_hop ^ salt_;
    const std::uint32_t at = number & (kMax - 1);
    if (at >= places_.size()) return nullptr;
    Place& place = places_[at];
    return place.is_used && place.uses == number >> kPlaceBits ? &place : nullptr;
  }
  Waiting release(Place& place) {
    place.is_used = false;
    place.uses = (place.uses + 1) & ((1U << (32 - kPlaceBits)) - 1);
    place.next_free = free_;
    free_ = static_cast<std::uint32_t>(&place - places_.data());
    --size_;
    return place.waiting;
  }

  std::uint32_t salt_;
  std::vector<Place> places_;
  std::uint32_t free_ = kNone;
  std::size_t size_ = 0;
  std::size_t scan_ = 0;
};

}  // namespace claviger::diameter
