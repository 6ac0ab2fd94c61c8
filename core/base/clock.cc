#include "core/base/clock.h"

namespace claviger {
namespace {

std::int64_t system_wall_ms() {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()).time_since_epoch().count();
}
std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

WallTime SystemClock::wall() const {
  const std::int64_t now = system_wall_ms();
  if (now > latest_ms_.load(std::memory_order_relaxed)) latest_ms_.store(now, std::memory_order_relaxed);
  return WallTime(Milliseconds(now));
}

bool SystemClock::can_issue() const {
  return system_wall_ms() + Milliseconds(kWallStepBackMax).count() >= latest_ms_.load(std::memory_order_relaxed);
}

WallTime SandboxClock::wall() const {
  for (;;) {
    const std::uint32_t before = sequence_.load(std::memory_order_acquire);
    if ((before & 1U) != 0) continue;
    const bool is_set = is_set_.load(std::memory_order_relaxed);
    const std::int64_t base_monotonic = base_monotonic_ns_.load(std::memory_order_relaxed);
    const std::int64_t base_wall = base_wall_ms_.load(std::memory_order_relaxed);
    const std::uint32_t speed = speed_.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (sequence_.load(std::memory_order_relaxed) != before) continue;
    if (!is_set) return WallTime(Milliseconds(system_wall_ms()));
    return WallTime(Milliseconds(base_wall + (steady_ns() - base_monotonic) / 1'000'000 * speed));
  }
}

void SandboxClock::set(WallTime wall, std::uint32_t speed) {
  sequence_.fetch_add(1, std::memory_order_acq_rel);
  base_monotonic_ns_.store(steady_ns(), std::memory_order_relaxed);
  base_wall_ms_.store(wall.time_since_epoch().count(), std::memory_order_relaxed);
  speed_.store(speed, std::memory_order_relaxed);
  is_set_.store(true, std::memory_order_relaxed);
  sequence_.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace claviger
