// Racing commits from two shards with threads of their own, on both engines.
#include <atomic>

#include "tests/storage/store_harness.h"

namespace claviger::storage {
namespace {

template <typename Engine>
class StoreRace : public ::testing::Test {
 protected:
  void SetUp() override { store_ = engine_.open(process_.shards(), clock_, logger_, 8192); }
  void TearDown() override { process_.stop(); }

  SystemClock clock_;
  Logger logger_;
  Engine engine_;
  Process process_{2, clock_, logger_};
  std::unique_ptr<Store> store_;
};
TYPED_TEST_SUITE(StoreRace, Engines);

struct Tally {
  std::atomic<int> running{0};
  std::atomic<int> won{0};
  std::atomic<int> conflicts{0};
  std::promise<void> all_ended;
  void end() {
    if (--running == 0) all_ended.set_value();
  }
};

Task<void> claim(Store* store, Tally* tally, int id) {
  Transaction change;
  change.expect_absent(kPoint, "prize");
  change.put(kPoint, "prize", as_bytes(std::to_string(id)));
  const auto result = co_await store->commit(std::move(change));
  if (result) ++tally->won;
  if (result.failed_with(Code::Conflict)) ++tally->conflicts;
  tally->end();
}

TYPED_TEST(StoreRace, ExactlyOneWins) {
  Tally tally;
  tally.running = 100;
  for (std::size_t shard = 0; shard < 2; ++shard) {
    const auto start = [&] {
      for (int i = 0; i < 50; ++i) {
        runtime::Shard::current().scope().spawn(claim(this->store_.get(), &tally, static_cast<int>(shard) * 100 + i));
      }
    };
    this->process_.call(start, shard);
  }
  tally.all_ended.get_future().get();
  EXPECT_EQ(tally.won.load(), 1);
  EXPECT_EQ(tally.conflicts.load(), 99);
}

// Read, add one, write under the version that was read; Conflict means again.
Task<void> increment(Store* store, Tally* tally, int times) {
  for (int done = 0; done < times;) {
    auto found = co_await store->get(kPoint, "counter");
    CLAVIGER_ASSERT(found || found.error().code == Code::NotFound);
    const int count = found ? std::stoi(std::string(found->text())) : 0;
    Transaction change;
    change.expect_version(kPoint, "counter", found ? found->version() : 0);
    change.put(kPoint, "counter", as_bytes(std::to_string(count + 1)));
    const auto result = co_await store->commit(std::move(change));
    if (result) {
      ++done;
      ++tally->won;
    } else {
      CLAVIGER_ASSERT(result.error().code == Code::Conflict);
      ++tally->conflicts;
    }
  }
  tally->end();
}

TYPED_TEST(StoreRace, NoIncrementIsLost) {
  Tally tally;
  tally.running = 8;
  for (std::size_t shard = 0; shard < 2; ++shard) {
    const auto start = [&] {
      for (int i = 0; i < 4; ++i) {
        runtime::Shard::current().scope().spawn(increment(this->store_.get(), &tally, 25));
      }
    };
    this->process_.call(start, shard);
  }
  tally.all_ended.get_future().get();
  const auto counter = this->process_.run(this->store_->get(kPoint, "counter"));
  EXPECT_EQ(counter->text(), "200");
  EXPECT_EQ(this->store_->latest_sequence(), 200U);
}

}  // namespace
}  // namespace claviger::storage
