// LogLook: when the log's writer looks whether its file is still where it was. Whoever rotates it has time, and a line that
// comes after a warning, which is flushed, would pay for a look otherwise.
//
// Of the log's writer, on its thread.
#pragma once

#include <optional>

#include "core/base/clock.h"

namespace claviger {

inline constexpr Seconds kLogLookEvery{1};

class LogLook {
 public:
  // True: now, and not again before the next second.
  bool is_due(Monotonic now) {
    if (last_ && now - *last_ < kLogLookEvery) return false;
    last_ = now;
    return true;
  }

 private:
  std::optional<Monotonic> last_;
};

}  // namespace claviger
