// Who waits for a document to change: each is told once, thousands of one document go as quickly as they came, and one asker
// has his share.
#include "broker/configuration/configuration.h"

#include <gtest/gtest.h>

#include "tests/broker/identity/testbed.h"

namespace claviger::configuration {
namespace {

class WatchBed : public identity::Testbed {
 public:
  Contexts& all_contexts() { return contexts_; }
};

struct Watches : ::testing::Test {
  WatchBed bed;
  Configuration room{bed.all_contexts()};

  // On the loop, as a request has it.
  Result<std::unique_ptr<Watch>> watch(std::vector<std::string> keys, std::string asker) {
    Result<std::unique_ptr<Watch>> made = Error{Code::Internal, ""};
    bed.run_until([&] {
      made = room.watch(keys, asker);
      return true;
    });
    return made;
  }
  std::size_t count() {
    std::size_t watches = 0;
    bed.run_until([&] {
      watches = room.watches();
      return true;
    });
    return watches;
  }
  void end(std::unique_ptr<Watch>& watch) {
    bed.run_until([&] {
      watch.reset();
      return true;
    });
  }
};

TEST_F(Watches, OneAskerHasHisShare) {
  std::vector<std::unique_ptr<Watch>> mine;
  for (std::size_t i = 0; i < kWatchesOfOneMax; ++i) {
    auto made = watch({"document"}, "ann");
    ASSERT_TRUE(made);
    mine.push_back(*std::move(made));
  }
  const auto refused = watch({"document"}, "ann");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Overload);
  EXPECT_EQ(refused.error().where, "configuration.watches_of_one");
  auto of_another = watch({"document"}, "bob");
  ASSERT_TRUE(of_another);
  end(mine.back());
  mine.pop_back();
  auto again = watch({"document"}, "ann");
  ASSERT_TRUE(again) << "one of his has ended";
  mine.push_back(*std::move(again));
  mine.push_back(*std::move(of_another));
  EXPECT_EQ(count(), kWatchesOfOneMax + 1);
  for (auto& each : mine) end(each);
  EXPECT_EQ(count(), 0U);
}

// Each takes its own entries along and leaves the others': whoever goes looks for nothing among those that stay.
TEST_F(Watches, WhoGoesLeavesTheOthers) {
  auto first = watch({"one", "two"}, "ann");
  auto second = watch({"two", "one", "one"}, "bob");
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  end(*first);
  bool is_told = false;
  const auto wait_for_it = [](Watch* watch, Monotonic until, bool* told) -> runtime::Task<Result<Unit>> {
    *told = co_await watch->until(until);
    co_return Unit{};
  };
  const auto announce = [](Configuration* to, broker::Context* context) -> runtime::Task<Result<Unit>> {
    std::vector<std::string> keys{"two"};
    co_await to->announce(context, std::move(keys));
    co_return Unit{};
  };
  ASSERT_TRUE(bed.wait(announce(&room, bed.context())));
  ASSERT_TRUE(bed.wait(wait_for_it(second->get(), bed.shard().now() + Seconds{5}, &is_told)));
  EXPECT_TRUE(is_told);
  end(*second);
  EXPECT_EQ(count(), 0U);
}

}  // namespace
}  // namespace claviger::configuration
