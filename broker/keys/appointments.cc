#include "broker/keys/appointments.h"

#include <algorithm>

namespace claviger::keys {
namespace {

constexpr unsigned kCountBits = 24;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;

}  // namespace

bool Appointments::book(std::int64_t second, std::uint32_t room) {
  std::atomic<std::uint64_t>& slot = seconds_[static_cast<std::uint64_t>(second) % kSlots].booked;
  const std::uint64_t mine = static_cast<std::uint64_t>(second) << kCountBits;
  std::uint64_t seen = slot.load(std::memory_order_relaxed);
  for (;;) {
    const bool is_mine = (seen & ~kCountMask) == mine;
    const std::uint64_t count = is_mine ? seen & kCountMask : 0;
    if (count >= std::min<std::uint64_t>(room, kCountMask)) return false;
    if (slot.compare_exchange_weak(seen, mine | (count + 1), std::memory_order_relaxed)) return true;
  }
}

std::int64_t Appointments::give(std::int64_t now, std::uint32_t room) {
  const std::int64_t last = now + kSecondsMax;
  // A clock that was put back makes the mark worthless.
  const std::int64_t mark = first_with_room_.load(std::memory_order_relaxed);
  std::int64_t second = mark > now && mark <= last ? mark : now + 1;
  while (second < last && !book(second, room)) ++second;
  first_with_room_.store(second, std::memory_order_relaxed);
  return second - now;
}

}  // namespace claviger::keys
