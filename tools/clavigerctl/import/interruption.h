// Ctrl-C during long work: what is in flight is finished, the state is saved, then we stop.
//
// One per process, made by the command that does the work; may be asked by any thread.
#pragma once

#include <atomic>

#include "core/base/clock.h"

namespace claviger::ctl {

class Interruption {
 public:
  // Takes over SIGINT and SIGTERM while it lives.
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  const std::atomic<bool>& flag() const;
  // Returns when the time is over, or at once when interrupted.
  void wait(Milliseconds time) const;
};

}  // namespace claviger::ctl
