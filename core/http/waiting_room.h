// WaitingRoom: a listener's connections on one shard that have yet to do something (say a word; finish a handshake),
// oldest first, and who must go when they are too many.
//
// A full room takes a newcomer all the same and shows the one that has waited longest to the door: whoever holds places
// without using them loses them, a peer that does what it came for is through long before its turn comes. Only a source
// that has more than its share pays for itself. Owned by a ServerShard, on its shard. Pure: time is an argument.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/assert.h"
#include "core/base/clock.h"

namespace claviger::http {

class ServerConnection;

class WaitingRoom {
 public:
  // Sources that meet in a bucket only share a share: 24 KiB are enough.
  static constexpr std::size_t kBuckets = 1024;
  // Of a source beyond its share, one that has waited this long is stalled; younger ones may be a crowd behind one
  // gateway after an outage.
  static constexpr Milliseconds kStalled{1000};

  // Part of a connection.
  struct Guest {
    ServerConnection* connection = nullptr;
    Guest* older = nullptr;
    Guest* newer = nullptr;
    Guest* older_of_bucket = nullptr;
    Guest* newer_of_bucket = nullptr;
    std::size_t bucket = 0;
    Monotonic since{};
    WaitingRoom* room = nullptr;  // null: in none
  };
  struct Verdict {
    bool is_refused = false;
    Guest* leaves = nullptr;  // to be closed before the newcomer enters; may be null
  };

  // source_share 0: no bound.
  WaitingRoom(std::size_t guests_max, std::uint32_t source_share) : max_(guests_max), share_(source_share) {}
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  Verdict judge(std::size_t source, Monotonic now) const {
    const List& own = buckets_[source % kBuckets];
    if (share_ > 0 && own.count >= share_) {
      if (now - own.oldest->since >= kStalled) return {false, own.oldest};
      return {count() >= max_, nullptr};
    }
    return {false, count() >= max_ ? all_.oldest : nullptr};
  }

  void enter(Guest& guest, std::size_t source, Monotonic now) {
    CLAVIGER_ASSERT(guest.room == nullptr);
    guest.room = this;
    guest.bucket = source % kBuckets;
    guest.since = now;
    append<&Guest::older, &Guest::newer>(all_, guest);
    append<&Guest::older_of_bucket, &Guest::newer_of_bucket>(buckets_[guest.bucket], guest);
  }

  static void leave(Guest& guest) {
    if (guest.room == nullptr) return;
    WaitingRoom& room = *guest.room;
    remove<&Guest::older, &Guest::newer>(room.all_, guest);
    remove<&Guest::older_of_bucket, &Guest::newer_of_bucket>(room.buckets_[guest.bucket], guest);
    guest.room = nullptr;
  }

  std::size_t count() const { return all_.count; }

 private:
  struct List {
    Guest* oldest = nullptr;
    Guest* newest = nullptr;
    std::size_t count = 0;
  };

  template <auto kOlder, auto kNewer>
  static void append(List& list, Guest& guest) {
    guest.*kOlder = list.newest;
    guest.*kNewer = nullptr;
    (list.newest != nullptr ? list.newest->*kNewer : list.oldest) = &guest;
    list.newest = &guest;
    ++list.count;
  }
  template <auto kOlder, auto kNewer>
  static void remove(List& list, Guest& guest) {
    Guest* const older = guest.*kOlder;
    Guest* const newer = guest.*kNewer;
    (older != nullptr ? older->*kNewer : list.oldest) = newer;
    (newer != nullptr ? newer->*kOlder : list.newest) = older;
    --list.count;
  }

  const std::size_t max_;
  const std::uint32_t share_;
  List all_;
  std::array<List, kBuckets> buckets_{};
};

}  // namespace claviger::http
