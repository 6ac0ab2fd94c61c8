// What a shard's loop has beside its handles: the wake-up by other threads, and the figures of its turns.
//
// The shard's own: made with its loop, gone with it. wake() from any thread, all else on the shard.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "core/base/clock.h"
#include "core/runtime/turn_figures.h"
#include "core/runtime/wake_up.h"

namespace claviger::runtime {

class LoopParts {
 public:
  LoopParts(uv_loop_t& loop, UniqueFunction<void()> on_wake) : wake_up_(loop, std::move(on_wake)) {}

  void wake(Monotonic now) {
    sent_ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    wake_up_.send();
  }
  void woken(Monotonic now) {
    figures_.wake_ups.observe(now - Monotonic(std::chrono::nanoseconds(sent_ns_.load(std::memory_order_relaxed))));
  }
  // Again in the same turn: nothing.
  void turn_begins(Monotonic now) {
    if (!std::exchange(is_in_turn_, true)) begun_ = now;
  }
  void turn_ends(Monotonic now) {
    if (std::exchange(is_in_turn_, false)) figures_.turns.observe(now - begun_);
  }
  const TurnFigures& figures() const { return figures_; }
  void close() { wake_up_.close(); }

 private:
  WakeUp wake_up_;
  std::atomic<std::int64_t> sent_ns_{0};  // of the latest
  TurnFigures figures_;
  Monotonic begun_;
  bool is_in_turn_ = false;
};

}  // namespace claviger::runtime
