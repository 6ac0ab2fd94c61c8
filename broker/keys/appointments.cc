#include "broker/keys/appointments.h"

#include <algorithm>
#include <functional>

namespace claviger::keys {
namespace {

constexpr unsigned kCountBits = 24;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;
// Of a second: those of eighteen hours are told apart.
constexpr std::uint64_t kToldMask = 0xFFFF;

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

std::int64_t Appointments::book_first(std::int64_t now, std::uint32_t room) {
  const std::int64_t last = now + kSecondsMax;
  // A clock that was put back makes the mark worthless.
  const std::int64_t mark = first_with_room_.load(std::memory_order_relaxed);
  std::int64_t second = mark > now && mark <= last ? mark : now + 1;
  while (second < last && !book(second, room)) ++second;
  first_with_room_.store(second, std::memory_order_relaxed);
  return second;
}

std::int64_t Appointments::give(std::string_view who, std::int64_t now, std::uint32_t room) {
  const std::uint64_t digest = std::hash<std::string_view>{}(who);
  std::atomic<std::uint64_t>& told = told_[digest % kToldMax].digest_and_second;
  const std::uint64_t seen = told.load(std::memory_order_relaxed);
  if ((seen & ~kToldMask) == (digest & ~kToldMask)) {
    const auto ahead = static_cast<std::int64_t>((seen - static_cast<std::uint64_t>(now)) & kToldMask);
    if (ahead >= 1 && ahead <= kSecondsMax) return ahead;
  }
  const std::int64_t second = book_first(now, room);
  told.store((digest & ~kToldMask) | (static_cast<std::uint64_t>(second) & kToldMask), std::memory_order_relaxed);
  return second - now;
}

void Pace::note(std::size_t served, std::chrono::nanoseconds taken) {
  const double seconds = std::max(1e-9, std::chrono::duration<double>(taken).count());
  const double before = a_second_.load(std::memory_order_relaxed);
  const double now = before + (static_cast<double>(served) / seconds - before) / 8;
  a_second_.store(static_cast<std::uint32_t>(std::clamp(now, 1.0, 1e6)), std::memory_order_relaxed);
}

}  // namespace claviger::keys
