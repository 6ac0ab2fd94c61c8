#include "core/runtime/scope.h"

#include <gtest/gtest.h>

#include "core/runtime/one_shot.h"
#include "tests/core/runtime/one_shard.h"

namespace claviger::runtime {
namespace {

Task<void> wait(OneShot<Unit> waiter) { co_await waiter; }
Task<void> close_and_tell(Scope* scope, bool* closed) {
  co_await scope->close();
  *closed = true;
}

TEST(Scope, ClosesWhenTheLastTaskHasEnded) {
  OneShard one;
  Scope scope;
  OneShotPair<Unit> first;
  OneShotPair<Unit> second;
  bool closed = false;
  one.run_until([&, step = 0]() mutable {
    switch (step++) {
      case 0:
        EXPECT_TRUE(scope.spawn(wait(std::move(first.waiter))));
        EXPECT_TRUE(scope.spawn(wait(std::move(second.waiter))));
        one.shard.scope().spawn(close_and_tell(&scope, &closed));
        break;
      case 1:
        first.completer.complete(Unit{});
        break;
      case 4:
        EXPECT_FALSE(closed);
        EXPECT_EQ(scope.size(), 1U);
        second.completer.complete(Unit{});
        break;
      default: break;
    }
    return closed;
  });
  EXPECT_EQ(scope.size(), 0U);
}

TEST(Scope, AClosingScopeRefusesNewcomers) {
  OneShard one;
  Scope scope;
  scope.cancel();
  OneShotPair<Unit> pair;
  EXPECT_FALSE(scope.spawn(wait(std::move(pair.waiter))));
  EXPECT_TRUE(pair.completer.is_abandoned());
}

}  // namespace
}  // namespace claviger::runtime
