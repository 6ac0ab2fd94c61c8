// Racing commits from two shards with threads of their own, on both engines.
#include <atomic>

#include "tests/storage/store_harness.h"

namespace claviger::storage {
namespace {

template <typename Engine>
class StoreRace : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = engine_.open(shards_, clock_, logger_, 8192);
    shards_.start();
  }
  void TearDown() override { shards_.stop_and_join(); }
  void on(std::size_t shard, UniqueFunction<void()> function) { shards_[shard].mailbox().post_control(std::move(function)); }
  void wait_for(const std::atomic<int>& counter, int value) {
    while (counter.load() != value) std::this_thread::yield();
  }

  SystemClock clock_;
  Logger logger_;
  Engine engine_;
  runtime::Shards shards_{2, clock_, logger_, SipKey{1, 2}};
  std::unique_ptr<Store> store_;
};
TYPED_TEST_SUITE(StoreRace, Engines);

struct Tally {
  std::atomic<int> ended{0};
  std::atomic<int> won{0};
  std::atomic<int> conflicts{0};
};

Task<void> claim(Store* store, Tally* tally, int id) {
  Transaction change;
  change.expect_absent(kPoint, "prize");
  change.put(kPoint, "prize", as_bytes(std::to_string(id)));
  const auto result = co_await store->commit(std::move(change));
  if (result) ++tally->won;
  if (result.failed_with(Code::Conflict)) ++tally->conflicts;
  ++tally->ended;
}

TYPED_TEST(StoreRace, ExactlyOneWins) {
  Tally tally;
  for (std::size_t shard = 0; shard < 2; ++shard) {
    this->on(shard, [store = this->store_.get(), &tally, shard] {
      for (int i = 0; i < 50; ++i) {
        runtime::Shard::current().scope().spawn(claim(store, &tally, static_cast<int>(shard) * 100 + i));
      }
    });
  }
  this->wait_for(tally.ended, 100);
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
  ++tally->ended;
}

TYPED_TEST(StoreRace, NoIncrementIsLost) {
  Tally tally;
  for (std::size_t shard = 0; shard < 2; ++shard) {
    this->on(shard, [store = this->store_.get(), &tally] {
      for (int i = 0; i < 4; ++i) runtime::Shard::current().scope().spawn(increment(store, &tally, 25));
    });
  }
  this->wait_for(tally.ended, 8);
  std::atomic<int> checked{0};
  this->on(0, [&] {
    const auto counter = this->store_->get_cached(kPoint, "counter");
    EXPECT_TRUE(counter && *counter && (*counter)->text() == "200");
    ++checked;
  });
  this->wait_for(checked, 1);
  EXPECT_EQ(this->store_->latest_sequence(), 200U);
}

}  // namespace
}  // namespace claviger::storage
