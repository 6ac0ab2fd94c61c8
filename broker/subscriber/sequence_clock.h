// The clock of sequence numbers, and what of it is reserved on disk ahead of use (TS 33.102 clause C.1.1.3: time-based SEQ).
//
//   SQN  = SEQ IND                     ; 48 bits; IND the low `ind_bits`
//   SEQ  = tick + offset of the subscriber (sequence.h)
//   tick = tenths of a second since 1970, and never one that may have been used before
//
// A subscriber's ticks only rise: the next is the clock's, or one more than his last. So a vector costs no write, and after
// a kill -9 the clock goes on behind what was reserved: one record for all subscribers, written some seconds ahead. It does
// not run backwards with the wall clock either. Ten vectors a second for one subscriber go on for ever; more borrow from
// the future, which is then reserved further ahead.
//
// One per process. now() and covers() on any shard; reserve() runs on the home shard (0).
#pragma once

#include <atomic>
#include <cstdint>

#include "broker/context.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"

namespace claviger::subscriber {

using Tick = std::uint64_t;

class SequenceClock {
 public:
  static constexpr Milliseconds kTick{100};
  // Reserved at a time: a minute. A restart skips so much at most; a module accepts jumps of 2^28 ticks, 310 days.
  static constexpr Tick kLease = 600;
  // Reserved at a time when a subscriber runs ahead of the clock: a burst does not wait for the disk each minute's worth.
  static constexpr Tick kLeaseAhead = 8 * kLease;
  // How far one subscriber may be ahead of the clock: two hours. Beyond it somebody hammers, or replays.
  static constexpr Tick kAheadMax = 65'536;

  explicit SequenceClock(broker::Context& home) : home_(home), turns_(home.shard) {}
  SequenceClock(const SequenceClock&) = delete;
  SequenceClock& operator=(const SequenceClock&) = delete;

  // On the home shard, before the first vector: goes on behind what the last run had reserved.
  runtime::Task<Result<Unit>> start();
  void stop();

  // Of this moment; not less than any tick that an earlier run may have used.
  Tick now(WallTime wall) const;
  bool covers(Tick tick) const { return tick <= reserved_.load(std::memory_order_acquire); }
  // `tick` was used: reserves further in the background before what is reserved is over. On any shard.
  void foresee(Tick tick) {
    if (tick + kLease > reserved_.load(std::memory_order_relaxed)) hasten(tick);
  }
  // Until `tick` is covered, durably. On any shard. What the store says.
  runtime::Task<Result<Unit>> reserve(Tick tick);

 private:
  runtime::Task<Result<Unit>> reserve_at_home(Tick tick);
  runtime::Task<void> keep_ahead();
  void hasten(Tick tick);
  runtime::Task<void> reserve_ahead(Tick tick);
  void tick_over();

  broker::Context& home_;
  runtime::Turns turns_;
  std::atomic<Tick> floor_{0};
  std::atomic<Tick> reserved_{0};
  std::atomic<bool> is_hastening_{false};
  runtime::Timer timer_{[](void* self) { static_cast<SequenceClock*>(self)->tick_over(); }, this};
  bool is_stopped_ = false;
};

}  // namespace claviger::subscriber
