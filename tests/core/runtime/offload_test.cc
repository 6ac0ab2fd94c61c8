#include "core/runtime/offload.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "tests/core/runtime/one_shard.h"

namespace claviger::runtime {
namespace {

Task<void> square(OffloadPool* pool, int number, Result<int>* out) {
  auto work = [number] { return number * number; };
  auto result = co_await offload(pool, std::move(work));
  *out = result;
}

TEST(Offload, BringsTheResultBackToTheShard) {
  OneShard one;
  OffloadPool pool("test", 2, 16);
  Result<int> out = Error{Code::Empty, "test"};
  one.run_until([&, started = false]() mutable {
    if (!std::exchange(started, true)) one.shard.scope().spawn(square(&pool, 12, &out));
    return out.has_value();
  });
  EXPECT_EQ(*out, 144);
}

Task<void> fail(OffloadPool* pool, Result<int>* out) {
  auto work = []() -> int { throw std::runtime_error("as a library does"); };
  auto result = co_await offload(pool, std::move(work));
  *out = result;
}

TEST(Offload, WorkThatThrowsIsAnErrorAndThePoolGoesOn) {
  OneShard one;
  OffloadPool pool("test", 1, 16);
  Result<int> out = Error{Code::Empty, "test"};
  one.run_until([&, started = false]() mutable {
    if (!std::exchange(started, true)) one.shard.scope().spawn(fail(&pool, &out));
    return !out.failed_with(Code::Empty);
  });
  EXPECT_TRUE(out.failed_with(Code::Internal));
  one.run_until([&, started = false]() mutable {
    if (!std::exchange(started, true)) one.shard.scope().spawn(square(&pool, 12, &out));
    return out.has_value();
  });
  EXPECT_EQ(*out, 144);
}

// A gate that holds the pool's only thread until it is opened.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool entered = false;
  bool open = false;
  void pass() {
    std::unique_lock lock(mutex);
    entered = true;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
  }
  void wait_entered() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return entered; });
  }
  void release() {
    const std::scoped_lock lock(mutex);
    open = true;
    changed.notify_all();
  }
};

TEST(Offload, AFullQueueIsOverload) {
  OneShard one;
  Gate gate;
  OffloadPool pool("test", 1, 1);
  ASSERT_TRUE(pool.submit([&gate] { gate.pass(); }));
  gate.wait_entered();
  ASSERT_TRUE(pool.submit([] {}));
  Result<int> out = 0;
  one.run_until([&, started = false]() mutable {
    if (!std::exchange(started, true)) one.shard.scope().spawn(square(&pool, 12, &out));
    return !out.has_value();
  });
  EXPECT_EQ(out.error().code, Code::Overload);
  gate.release();
}

TEST(Offload, ADroppedAskerIsNoTrouble) {
  OneShard one;
  Gate gate;
  Result<int> out = 0;
  bool after = false;
  OffloadPool pool("test", 1, 4);
  ASSERT_TRUE(pool.submit([&gate] { gate.pass(); }));
  one.run_until([&, step = 0]() mutable {
    if (step == 0) {
      Scope scope;
      scope.spawn(square(&pool, 3, &out));
      scope.cancel();
      gate.release();
      EXPECT_TRUE(pool.submit([&] { one.shard.mailbox().post_control([&after] { after = true; }); }));
    }
    ++step;
    return after;
  });
  EXPECT_EQ(*out, 0);
}

// g++ 12.2 -O2 made garbage of such a vector: see tools/build/claviger.cmake.
struct MoveOnly {
  std::unique_ptr<int> number;
};
using Shared = std::shared_ptr<const MoveOnly>;
Result<MoveOnly> make_one() { return MoveOnly{std::make_unique<int>(7)}; }

Task<Result<std::vector<Shared>>> make_some(OffloadPool* pool, std::size_t count) {
  std::vector<Shared> all;
  while (all.size() < count) {
    auto work = [] { return make_one(); };
    CLAVIGER_CO_TRY(made, co_await offload(pool, std::move(work)));
    if (!made) co_return made.error();
    all.push_back(std::make_shared<const MoveOnly>(*std::move(made)));
  }
  co_return all;
}
Task<void> keep_some(OffloadPool* pool, std::size_t count, std::optional<std::vector<Shared>>* out) {
  auto all = co_await make_some(pool, count);
  if (all) out->emplace(*std::move(all));
}

TEST(Offload, AVectorFilledAcrossSuspensionsIsReturnedWhole) {
  for (const std::size_t count : {1U, 2U, 5U}) {
    OneShard one;
    OffloadPool pool("test", 2, 16);
    std::optional<std::vector<Shared>> all;
    one.run_until([&, started = false]() mutable {
      if (!std::exchange(started, true)) one.shard.scope().spawn(keep_some(&pool, count, &all));
      return all.has_value();
    });
    ASSERT_EQ(all->size(), count);
    for (const Shared& shared : *all) EXPECT_EQ(*shared->number, 7);
  }
}

}  // namespace
}  // namespace claviger::runtime
