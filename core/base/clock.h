// Time: one Clock per process, shared by all shards, read from any thread.
//
// Monotonic time is for timers and deadlines. Wall time is for what is written down or compared with what others
// wrote (exp, iat, expiry of records); it is checked against monotonic time, and after a backward step of more than
// kWallStepBackMax no token may be issued (`can_issue`) until wall time has caught up.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace claviger {

using Seconds = std::chrono::seconds;
using Milliseconds = std::chrono::milliseconds;
using Monotonic = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

inline constexpr Seconds kWallStepBackMax{30};

// Seconds since 1970-01-01T00:00:00Z: RFC 7519's NumericDate.
inline std::int64_t numeric_date(WallTime time) {
  return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}
inline WallTime from_numeric_date(std::int64_t seconds) { return WallTime(Seconds(seconds)); }

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Monotonic monotonic() const = 0;
  virtual WallTime wall() const = 0;
  // False while wall time lies more than kWallStepBackMax before the latest wall time seen.
  virtual bool can_issue() const = 0;
};

class SystemClock final : public Clock {
 public:
  Monotonic monotonic() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override;
  bool can_issue() const override;

 private:
  // Written by whichever thread reads a later time; the exact winner of a race does not matter.
  mutable std::atomic<std::int64_t> latest_ms_{0};
};

// Set by hand: for tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime wall = from_numeric_date(1'700'000'000)) : wall_ms_(wall.time_since_epoch().count()) {}
  Monotonic monotonic() const override { return Monotonic(std::chrono::nanoseconds(monotonic_ns_.load())); }
  WallTime wall() const override { return WallTime(Milliseconds(wall_ms_.load())); }
  bool can_issue() const override { return can_issue_.load(); }

  void advance(std::chrono::nanoseconds by) {
    monotonic_ns_ += by.count();
    wall_ms_ += std::chrono::floor<Milliseconds>(by).count();
  }
  void set_wall(WallTime wall) { wall_ms_ = wall.time_since_epoch().count(); }
  void set_can_issue(bool can) { can_issue_ = can; }

 private:
  std::atomic<std::int64_t> monotonic_ns_{1'000'000'000};
  std::atomic<std::int64_t> wall_ms_;
  std::atomic<bool> can_issue_{true};
};

// Wall time that a sandbox may set and speed up over the admin socket; monotonic time stays the machine's.
class SandboxClock final : public Clock {
 public:
  Monotonic monotonic() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override;
  bool can_issue() const override { return true; }

  // From now on wall time is `wall`, running `speed` times as fast as monotonic time. Speed 0 stops it.
  void set(WallTime wall, std::uint32_t speed);
  std::uint32_t speed() const { return speed_.load(); }
  bool is_set() const { return is_set_.load(); }

 private:
  // A sequence lock: writers are rare (an operator's command), readers are every turn.
  mutable std::atomic<std::uint32_t> sequence_{0};
  std::atomic<std::int64_t> base_monotonic_ns_{0};
  std::atomic<std::int64_t> base_wall_ms_{0};
  std::atomic<std::uint32_t> speed_{1};
  std::atomic<bool> is_set_{false};
};

}  // namespace claviger
