#include "core/runtime/shard.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/core/runtime/one_shard.h"

namespace claviger::runtime {
namespace {

TEST(Shard, RunsAHookOnceATurnHoweverOftenAskedFor) {
  OneShard one;
  int runs = 0;
  TurnEndHook hook([](void* owner) { ++*static_cast<int*>(owner); }, &runs);
  one.run_until([&, step = 0]() mutable {
    if (step == 0) {
      one.shard.at_turn_end(hook);
      one.shard.at_turn_end(hook);
    }
    return step++ == 3;
  });
  EXPECT_EQ(runs, 1);
}

TEST(Shard, WhatIsDeferredRunsBeforeTheHooksOfTheTurn) {
  OneShard one;
  std::string order;
  TurnEndHook hook([](void* owner) { *static_cast<std::string*>(owner) += "hook"; }, &order);
  one.run_until([&, step = 0]() mutable {
    if (step == 0) {
      one.shard.at_turn_end(hook);
      one.shard.defer([&order] { order += "deferred "; });
    }
    return step++ == 2;
  });
  EXPECT_EQ(order, "deferred hook");
}

TEST(Shard, ADestroyedHookDoesNotRun) {
  OneShard one;
  int runs = 0;
  one.run_until([&, step = 0]() mutable {
    if (step == 0) {
      TurnEndHook hook([](void* owner) { ++*static_cast<int*>(owner); }, &runs);
      one.shard.at_turn_end(hook);
    }
    return step++ == 2;
  });
  EXPECT_EQ(runs, 0);
}

TEST(Shard, OneTurnSeesOneTime) {
  OneShard one;
  one.run_until([&, step = 0]() mutable {
    const WallTime before = one.shard.wall();
    one.clock.advance(Seconds(1));
    EXPECT_EQ(one.shard.wall(), before);
    return step++ == 2;
  });
}

TEST(Shards, EveryShardReadsItsMailbox) {
  SystemClock clock;
  Logger logger;
  Shards shards(3, clock, logger, SipKey{3, 4});
  shards.start();
  std::atomic<std::size_t> sum{0};
  for (std::size_t i = 0; i < shards.size(); ++i) {
    shards[i].mailbox().post_control([&sum, &shards, i] {
      EXPECT_EQ(&Shard::current(), &shards[i]);
      sum += i + 1;
    });
  }
  while (sum.load() != 6) std::this_thread::yield();
  shards.stop_and_join();
}

// More than a turn takes, to a shard that sleeps: what a turn leaves wakes the next one.
TEST(Shards, WhatATurnLeavesWakesTheNext) {
  SystemClock clock;
  Logger logger;
  Shards shards(1, clock, logger, SipKey{3, 4});
  shards.start();
  constexpr std::size_t kMessages = 3 * Mailbox::kPerTurnMax;
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> is_all_there{false};
    std::atomic<std::size_t> handled{0};
    shards[0].mailbox().post_control([&is_all_there] {
      while (!is_all_there.load()) std::this_thread::yield();
    });
    for (std::size_t i = 0; i < kMessages; ++i) shards[0].mailbox().post_control([&handled] { ++handled; });
    is_all_there = true;
    while (handled.load() != kMessages) std::this_thread::yield();
  }
  shards.stop_and_join();
}

TEST(Shards, AKeyHasOneHome) {
  ManualClock clock;
  Logger logger;
  Shards shards(4, clock, logger, SipKey{5, 6});
  EXPECT_EQ(&shards.home_of("alpha/alice"), &shards.home_of("alpha/alice"));
}

}  // namespace
}  // namespace claviger::runtime
