// RemovalSweep: takes up removals that a crash, or a store that was busy, left undone (removals.h).
//
// One per process, on shard 0, owned by Broker; made there before the first request is served, destroyed after the shards
// have stopped.
#pragma once

#include "broker/context.h"
#include "core/runtime/task.h"
#include "core/runtime/timer_wheel.h"

namespace claviger::provisioning {

class RemovalSweep {
 public:
  // A look at an empty range for each tenant. Who waits for a removal waits for its own, not for this.
  static constexpr Seconds kEvery{30};

  explicit RemovalSweep(broker::Context& context);
  RemovalSweep(const RemovalSweep&) = delete;
  RemovalSweep& operator=(const RemovalSweep&) = delete;

  // On the shard: the first sweep begins now.
  void start();

 private:
  runtime::Task<void> sweep();

  broker::Context& context_;
  bool is_sweeping_ = false;
  runtime::Timer timer_;
};

}  // namespace claviger::provisioning
