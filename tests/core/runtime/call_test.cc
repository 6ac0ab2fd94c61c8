#include "core/runtime/call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

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
