#include "core/runtime/turns.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/core/runtime/one_shard.h"

namespace claviger::runtime {
namespace {

Task<void> work(Turns* turns, std::string key, OneShot<Unit> until, std::string name, std::vector<std::string>* log) {
  auto turn = co_await turns->take(std::move(key));
  if (!turn) {
    log->push_back(name + ":" + std::string(name_of(turn.error().code)));
    co_return;
  }
  log->push_back(name + "+");
  co_await until;
  log->push_back(name + "-");
}

struct TurnsTest : testing::Test {
  OneShard one;
  Turns turns{one.shard};
  Scope scope;
  std::vector<std::string> log;
  std::vector<Completer<Unit>> finish;

  void start(std::string key, std::string name) {
    OneShotPair<Unit> pair;
    finish.push_back(std::move(pair.completer));
    scope.spawn(work(&turns, std::move(key), std::move(pair.waiter), std::move(name), &log));
  }
  void in_loop(UniqueFunction<void()> step) {
    one.run_until([&, ran = 0]() mutable {
      if (ran == 0) step();
      return ran++ == 3;
    });
  }
};

TEST_F(TurnsTest, OneAtATimeInOrderOfArrival) {
  in_loop([&] { start("k", "a"), start("k", "b"), start("k", "c"), start("other", "d"); });
  EXPECT_EQ(log, (std::vector<std::string>{"a+", "d+"}));
  in_loop([&] { finish[0].complete(Unit{}); });
  in_loop([&] { finish[1].complete(Unit{}); });
  EXPECT_EQ(log, (std::vector<std::string>{"a+", "d+", "a-", "b+", "b-", "c+"}));
  in_loop([&] { finish[2].complete(Unit{}), finish[3].complete(Unit{}); });
  EXPECT_EQ(turns.held(), 0U);
}

TEST_F(TurnsTest, AWaiterThatLeftIsPassedOver) {
  Scope leaving;
  in_loop([&] {
    start("k", "a");
    OneShotPair<Unit> pair;
    leaving.spawn(work(&turns, "k", std::move(pair.waiter), "gone", &log));
    start("k", "c");
  });
  in_loop([&] { leaving.cancel(), finish[0].complete(Unit{}); });
  EXPECT_EQ(log, (std::vector<std::string>{"a+", "a-", "c+"}));
  in_loop([&] { scope.cancel(); });
  EXPECT_EQ(turns.held(), 0U);
}

TEST_F(TurnsTest, AFullLineIsOverloadAndALongWaitEnds) {
  in_loop([&] {
    start("k", "first");
    for (std::size_t i = 0; i < Turns::kWaitersMax; ++i) start("k", "w");
    start("k", "late");
  });
  EXPECT_EQ(log.back(), "late:Overload");
  one.clock.advance(Turns::kWaitMax + Milliseconds(100));
  in_loop([] {});
  EXPECT_EQ(log.back(), "w:DeadlinePassed");
  in_loop([&] { scope.cancel(); });
  EXPECT_EQ(turns.held(), 0U);
}

}  // namespace
}  // namespace claviger::runtime
