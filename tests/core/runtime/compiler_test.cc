// What compilers get wrong about coroutines, kept where it would show.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/runtime/offload.h"

namespace claviger::runtime {
namespace {

struct Key {
  explicit Key(int number) : value(std::make_unique<int>(number)) {}
  std::unique_ptr<int> value;
};
using KeyRef = std::shared_ptr<const Key>;

// g++ 12 at -O2 read `keys`' buffer from before the suspension after push_back() had moved it (-fno-tree-pre helps).
Task<Result<std::vector<KeyRef>>> make_keys(OffloadPool* pool, int first, std::size_t count) {
  std::vector<KeyRef> keys;
  while (keys.size() < count) {
    auto work = [first] { return Result<Key>(Key(first)); };
    CLAVIGER_CO_TRY(made, co_await offload(pool, std::move(work)));
    if (!made) co_return made.error();
    keys.push_back(std::make_shared<const Key>(*std::move(made)));
  }
  co_return keys;
}

Task<void> add_keys(OffloadPool* pool, std::atomic<int>* sum) {
  auto keys = co_await make_keys(pool, 3, 5);
  int total = 0;
  for (const KeyRef& key : *keys) total += *key->value;
  *sum = total;
}

TEST(Compiler, ReadsAFrameAnewAfterASuspensionInALoop) {
  SystemClock clock;
  Logger logger;
  Shards shards(1, clock, logger, SipKey{1, 2});
  OffloadPool pool("test", 1, 10);
  shards.start();
  std::atomic<int> sum{0};
  shards[0].mailbox().post_control([&] { Shard::current().scope().spawn(add_keys(&pool, &sum)); });
  while (sum.load() == 0) std::this_thread::yield();
  EXPECT_EQ(sum.load(), 15);
  shards.stop_and_join();
}

}  // namespace
}  // namespace claviger::runtime
