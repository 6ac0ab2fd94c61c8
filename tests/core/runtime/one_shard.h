// One shard driven by the test's own thread, with a clock set by hand.
#pragma once

#include "core/runtime/shard.h"

namespace claviger::runtime {

struct OneShard {
  ManualClock clock;
  Logger logger;
  Shards shards{1, clock, logger, SipKey{1, 2}};
  Shard& shard{shards[0]};

  void run_until(UniqueFunction<bool()> is_done) { shard.run_until(std::move(is_done)); }
  void run_turns(int count) {
    shard.run_until([count]() mutable { return count-- == 0; });
  }
};

}  // namespace claviger::runtime
