// The watchdog of one connection, exactly RFC 3539's table (clause 3.4.1), with RFC 6733 clause 5.5's messages.
//
// Pure: it is told what happened and says what to do; the random part of each wait is an argument. A connection owns one,
// on its shard. State Down is that of a connection that has ended; the next attempt starts a new Watchdog in Initial
// (never failed before) or Down (failed: the returned peer is tried with three watchdogs before it serves again).
#pragma once

#include <cstdint>

#include "core/base/clock.h"
#include "core/diameter/peer_options.h"

namespace claviger::diameter {

class Watchdog {
 public:
  enum class Event : std::uint8_t { Up, Answer, Other, Timer, Lost };
  struct Actions {
    bool sends_watchdog = false;
    bool sets_timer = false;
    bool fails_over = false;
    bool fails_back = false;
    bool closes = false;
    bool opens = false;     // AttemptOpen
    bool discards = false;  // Throwaway: what was received is not looked at
  };

  explicit Watchdog(PeerState start) : state_(start) {}
  Actions on(Event event);
  PeerState state() const { return state_; }

 private:
  // Answered watchdogs before a returned peer serves again.
  static constexpr int kAnswersToReturn = 3;
  Actions okay(Event event);
  Actions suspect(Event event);
  Actions down(Event event);
  Actions reopen(Event event);
  Actions closed(bool is_failing_over);

  PeerState state_;
  bool is_pending_ = false;
  int answers_ = 0;
};

// Tw: Twinit with a random part of plus or minus two seconds (a third of it, where tests make it shorter than 6 s).
Milliseconds watchdog_wait(Milliseconds initial, std::uint64_t random);

}  // namespace claviger::diameter
