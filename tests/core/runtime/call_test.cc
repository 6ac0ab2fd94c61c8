#include "core/runtime/call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/core/runtime/one_shard.h"

namespace claviger::runtime {
namespace {

Task<Result<std::string>> where_am_i(std::string greeting) {
  co_return greeting + std::to_string(Shard::current().index());
}

Task<void> ask(Shard* home, std::atomic<int>* done, std::string* out) {
  auto start = [] { return where_am_i("shard "); };
  auto answer = co_await call_on(home, std::move(start));
  *out = answer ? *answer : std::string(name_of(answer.error().code));
  done->fetch_add(1);
}

TEST(CallOn, RunsThereAndAnswersHere) {
  SystemClock clock;
  Logger logger;
  Shards shards(2, clock, logger, SipKey{1, 2});
  shards.start();
  std::atomic<int> done{0};
  std::string remote;
  std::string local;
  shards[0].mailbox().post_control([&] {
    Shard::current().scope().spawn(ask(&shards[1], &done, &remote));
    Shard::current().scope().spawn(ask(&shards[0], &done, &local));
  });
  while (done.load() != 2) std::this_thread::yield();
  EXPECT_EQ(remote, "shard 1");
  EXPECT_EQ(local, "shard 0");
  shards.stop_and_join();
}

Task<Result<Unit>> take_a_while(Monotonic until, bool* has_ended) {
  co_await Shard::current().wait_until(until);
  *has_ended = true;
  co_return Unit{};
}

Task<void> ask_and_wait(Shard* home, Monotonic until, bool* has_ended) {
  auto start = [until, has_ended] { return take_a_while(until, has_ended); };
  auto answer = co_await call_on(home, std::move(start));
  ADD_FAILURE() << "the asker was dropped: " << answer.has_value();
}

// What has begun to write must not stop half-way because a connection closed.
TEST(CallOn, RunsToItsEndAtHomeThoughTheAskerWasDropped) {
  OneShard one;
  bool has_ended = false;
  Scope connection;
  const Monotonic later = one.shard.now() + Milliseconds(50);
  one.run_until([&, turn = 0]() mutable {
    if (turn == 0) connection.spawn(ask_and_wait(&one.shard, later, &has_ended));
    if (turn == 1) connection.cancel();
    return ++turn == 3;
  });
  EXPECT_FALSE(has_ended);
  one.clock.advance(Milliseconds(100));
  one.run_until([&] { return has_ended; });
}

TEST(CallOn, AFullMailboxIsOverload) {
  ManualClock clock;
  Logger logger;
  Shards shards(2, clock, logger, SipKey{1, 2});
  for (std::size_t i = 0; i < Mailbox::kOrdinaryMax; ++i) ASSERT_TRUE(shards[1].mailbox().post([] {}));
  std::atomic<int> done{0};
  std::string out;
  shards[0].run_until([&, started = false]() mutable {
    if (!std::exchange(started, true)) Shard::current().scope().spawn(ask(&shards[1], &done, &out));
    return done.load() == 1;
  });
  EXPECT_EQ(out, "Overload");
}

}  // namespace
}  // namespace claviger::runtime
