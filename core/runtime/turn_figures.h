// How long a shard's turns are, and how long a shard that sleeps takes to run when it is woken. Written by the shard, read by any
// thread: an operator sees there whether what is slow is our work or the CPU's absence.
#pragma once

#include "core/base/counter.h"

namespace claviger::runtime {

class Shard;

struct TurnFigures {
  Histogram turns;     // from the first look at the clock in a turn to its end
  Histogram wake_ups;  // from another thread's message until the shard runs
};

const TurnFigures& turn_figures(Shard& shard);

}  // namespace claviger::runtime
