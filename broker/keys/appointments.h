// When those who found the queue full are to come again (Retry-After, RFC 9110 clause 10.2.3): each is told the first
// second that still has room, so that a crowd comes back in its order of arrival and as fast as it can be served, not
// all at once and over and over. Whoever asks before his second is told the same one again: impatience takes nobody's
// place.
//
// One per queue. Any thread, without a lock.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace claviger::keys {

class Appointments {
 public:
  // Nobody is sent away for longer: this is told to any number, who are not counted when the second comes nearer.
  static constexpr std::int64_t kSecondsMax = 120;

  // Seconds from `now` (any clock's seconds), 1 to kSecondsMax. `who`: his identity. `room`: how many may come in one
  // second.
  std::int64_t give(std::string_view who, std::int64_t now, std::uint32_t room);

 private:
  // A second and how many come in it.
  struct Second {
    std::atomic<std::uint64_t> booked{0};
  };
  // A digest of who was told what, and the second; the next of the same place takes it.
  struct Told {
    std::atomic<std::uint64_t> digest_and_second{0};
  };
  std::int64_t book_first(std::int64_t now, std::uint32_t room);
  bool book(std::int64_t second, std::uint32_t room);

  static constexpr std::size_t kSlots = 128;
  static_assert(kSlots > kSecondsMax);
  static constexpr std::size_t kToldMax = 8192;
  std::array<Second, kSlots> seconds_;
  std::array<Told, kToldMax> told_;
  std::atomic<std::int64_t> first_with_room_{0};
};

// How many are served in a second while others wait: a guess, of the last eight batches or so. Any thread; between two
// the later counts.
class Pace {
 public:
  // Until a batch has shown better: a slow core's.
  static constexpr std::uint32_t kAtFirst = 1000;

  void note(std::size_t served, std::chrono::nanoseconds taken);
  std::uint32_t a_second() const { return a_second_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> a_second_{kAtFirst};
};

}  // namespace claviger::keys
