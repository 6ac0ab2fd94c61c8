#include "core/runtime/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/runtime/one_shot.h"
#include "tests/core/runtime/one_shard.h"

namespace claviger::runtime {
namespace {

Task<int> ready(int value) { co_return value; }

Task<long> add_ready(int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    const int one = co_await ready(1);
    sum += one;
  }
  co_return sum;
}

Task<void> store(Task<long> task, long* out) { *out = co_await std::move(task); }

TEST(Task, AMillionReadyAwaitsDoNotGrowTheStack) {
  OneShard one;
  long sum = 0;
  one.shard.scope().spawn(store(add_ready(1'000'000), &sum));
  EXPECT_EQ(sum, 1'000'000);
}

struct Flag {
  bool* destroyed;
  ~Flag() { *destroyed = true; }
};

Task<int> wait_for(OneShot<int> waiter, bool* destroyed) {
  const Flag flag{destroyed};
  const int value = co_await waiter;
  co_return value + 1;
}
Task<void> outer(OneShot<int> waiter, bool* destroyed, int* out) {
  auto child = wait_for(std::move(waiter), destroyed);
  *out = co_await std::move(child);
}

TEST(Task, AValueFromOutsideResumesTheChain) {
  OneShard one;
  OneShotPair<int> pair;
  bool destroyed = false;
  int out = 0;
  one.shard.scope().spawn(outer(std::move(pair.waiter), &destroyed, &out));
  EXPECT_EQ(out, 0);
  pair.completer.complete(41);
  EXPECT_EQ(out, 42);
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(one.shard.scope().size(), 0U);
}

TEST(Task, DroppingTheOwnerCancelsAtTheSuspensionPoint) {
  OneShard one;
  OneShotPair<int> pair;
  bool destroyed = false;
  int out = 0;
  {
    Scope scope;
    scope.spawn(outer(std::move(pair.waiter), &destroyed, &out));
    EXPECT_EQ(scope.size(), 1U);
    scope.cancel();
  }
  EXPECT_TRUE(destroyed);
  EXPECT_TRUE(pair.completer.is_abandoned());
  pair.completer.complete(1);  // nobody is there any more
  EXPECT_EQ(out, 0);
}

Task<std::unique_ptr<std::string>> make(std::string text) { co_return std::make_unique<std::string>(std::move(text)); }
Task<void> take(std::string* out) {
  const auto made = co_await make("a text that is too long for the small string");
  *out = *made;
}

TEST(Task, CarriesWhatOnlyMoves) {
  OneShard one;
  std::string out;
  one.shard.scope().spawn(take(&out));
  EXPECT_EQ(out, "a text that is too long for the small string");
}

TEST(Task, NeverStartedIsDestroyed) {
  bool destroyed = false;
  OneShotPair<int> pair;
  { const Task<int> task = wait_for(std::move(pair.waiter), &destroyed); }
  EXPECT_FALSE(destroyed);  // the body never ran
  EXPECT_TRUE(pair.completer.is_abandoned());
}

Task<void> wait_with_deadline(OneShot<int> waiter, Monotonic deadline, int* out) {
  const auto value = co_await waiter.until(deadline);
  *out = value.value_or(-1);
}

TEST(OneShot, TheDeadlineEndsTheWait) {
  OneShard one;
  OneShotPair<int> pair;
  int out = 0;
  one.run_until([&, started = false]() mutable {
    if (!std::exchange(started, true)) {
      one.shard.scope().spawn(
          wait_with_deadline(std::move(pair.waiter), one.shard.now() + Milliseconds(500), &out));
      one.clock.advance(Milliseconds(400));
      return false;
    }
    return true;
  });
  EXPECT_EQ(out, 0);
  one.clock.advance(Milliseconds(200));
  one.run_until([&] { return out != 0; });
  EXPECT_EQ(out, -1);
  EXPECT_TRUE(pair.completer.is_abandoned());
}

}  // namespace
}  // namespace claviger::runtime
