// Whether the broker serves: acts wait here while it does not, as clients wait that were told so by a first failure.
//
// One shard.
#pragma once

#include <utility>
#include <vector>

#include "core/runtime/one_shot.h"

namespace claviger::day {

class Gate {
 public:
  bool is_open() const { return is_open_; }
  void close() { is_open_ = false; }
  // From the loop: resumes all who wait.
  void open() {
    is_open_ = true;
    auto waiters = std::exchange(waiters_, {});
    for (auto& waiter : waiters) waiter.complete(Unit{});
  }
  runtime::OneShot<Unit> next_opening() {
    runtime::OneShotPair<Unit> pair;
    waiters_.push_back(std::move(pair.completer));
    return std::move(pair.waiter);
  }

 private:
  bool is_open_ = true;
  std::vector<runtime::Completer<Unit>> waiters_;
};

}  // namespace claviger::day
