// When those who found the queue full are to come again (Retry-After, RFC 9110 clause 10.2.3): each is told the first second that
// still has room, so that a crowd comes back in its order of arrival and as fast as it can be served, not all at once and over
// and over.
//
// One per queue. Any thread, without a lock: two who ask at one instant may be told the same second once too often.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace claviger::keys {

class Appointments {
 public:
  // Nobody is sent away for longer: whoever has waited so long is not told worse, however many there are.
  static constexpr std::int64_t kSecondsMax = 120;

  // Seconds from `now` (any clock's seconds), 1 to kSecondsMax. `room`: how many may come in one second.
  std::int64_t give(std::int64_t now, std::uint32_t room);

 private:
  // A second and how many come in it.
  struct Second {
    std::atomic<std::uint64_t> booked{0};
  };
  bool book(std::int64_t second, std::uint32_t room);

  static constexpr std::size_t kSlots = 128;
  static_assert(kSlots > kSecondsMax);
  std::array<Second, kSlots> seconds_;
  std::atomic<std::int64_t> first_with_room_{0};
};

}  // namespace claviger::keys
