// The timetable: begins each act at the instant when it is due, whatever became of those before it (an open loop).
//
// Arrivals of a kind are a Poisson process of the phase's rate, so that bursts are as they are in life. Driven by a timer
// of the kernel's, exact to a fifth of a millisecond: the shard's own wheel ticks in eight. One shard.
#pragma once

#include <array>
#include <vector>

#include "core/net/descriptor.h"
#include "core/net/poll.h"
#include "tools/load/day/day.h"

namespace claviger::day {

class Conductor {
 public:
  explicit Conductor(Day& day);
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;

  // Io: no timer.
  Result<Unit> start();
  // All phases are over; acts may still be under way.
  bool is_over() const { return phase_ == day_.plan.phases().size(); }

 private:
  void on_timer();
  void begin_phase(Monotonic time);
  void begin_due(Kind kind, Monotonic due);
  void begin_renewals(Monotonic time);
  void arm(Monotonic time);
  Monotonic next_arrival(Kind kind, Monotonic after);
  // A user who is signed in and whom no other act has; nothing when a few looks find none.
  std::optional<std::size_t> free_user();

  Day& day_;
  std::size_t phase_ = 0;
  Monotonic phase_ends_{};
  std::array<Monotonic, kKinds> due_{};
  std::vector<std::size_t> arrivals_;  // who signs in, in order
  std::size_t arrived_ = 0;
  std::size_t keys_fetched_ = 0;
  std::size_t migrated_ = 0;
  net::Descriptor timer_;
  net::Poll poll_;  // last: off the loop before the timer is closed
};

}  // namespace claviger::day
