// Timers of one shard: a hashed wheel of intrusive nodes, O(1) to start and to stop.
//
// For connections, deadlines and waits in memory; timers of persistent things are rows in an outbox table. Resolution
// is kTick: a timer never fires early, and at most one tick late when the loop keeps up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/clock.h"

namespace claviger::runtime {

class TimerWheel;

// Owned by what it serves; its destructor stops it. Does not move.
class Timer {
 public:
  using Callback = void (*)(void* owner);
  Timer(Callback callback, void* owner) : callback_(callback), owner_(owner) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { stop(); }

  bool is_running() const { return wheel_ != nullptr; }
  void stop();

 private:
  friend class TimerWheel;
  Callback callback_;
  void* owner_;
  TimerWheel* wheel_ = nullptr;
  std::uint64_t tick_ = 0;
  Timer* next_ = nullptr;
  Timer** link_ = nullptr;  // the pointer that points at this node
};

class TimerWheel {
 public:
  static constexpr Milliseconds kTick{8};
  static constexpr std::size_t kSlots = 1024;  // 8.2 s a round; later timers stay in their slot for more rounds

  explicit TimerWheel(Monotonic now) : now_tick_(tick_of(now)) {}
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  // Starts or restarts the timer. A due time in the past fires on the next advance.
  void start(Timer& timer, Monotonic due);
  // Fires everything due at `now`. A callback may start and stop any timer, its own too.
  void advance(Monotonic now);
  // How long the loop may sleep; nothing when no timer runs. May be early (a slot of later rounds), never late.
  std::optional<Milliseconds> sleep_max(Monotonic now) const;
  std::size_t running() const { return running_; }

 private:
  friend class Timer;
  static std::uint64_t tick_of(Monotonic time) {
    return static_cast<std::uint64_t>(std::chrono::floor<Milliseconds>(time.time_since_epoch()) / kTick);
  }
  void unlink(Timer& timer);
  void fire_slot(std::size_t slot);

  std::array<Timer*, kSlots> slots_{};
  std::array<std::uint64_t, kSlots / 64> used_{};
  std::uint64_t now_tick_;  // every tick up to this one has been fired
  std::size_t running_ = 0;
};

}  // namespace claviger::runtime
