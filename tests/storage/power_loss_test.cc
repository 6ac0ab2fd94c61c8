// Power loss: what was acknowledged is there, what was not is there as a whole or not at all, the books balance.
#include <gtest/gtest.h>

#include "storage/rocks/engine.h"
#include "tests/storage/books.h"
#include "tests/storage/fault_file_system.h"
#include "tests/storage/run_task.h"
#include "tests/storage/temp_directory.h"

namespace claviger::storage {
namespace {

class FaultyRocks : public ::testing::Test {
 protected:
  void SetUp() override {
    env_ = FaultFileSystem::env_over(file_system_);
    open();
    books_.emplace(*store_, [this](std::uint64_t id, std::uint64_t sequence) { acknowledged_[id] = sequence; });
    ASSERT_TRUE(run_task(shard_, books_->open()));
  }
  void open() {
    rocks::Options options;
    options.directory = directory_.path() + "/store";
    options.tables = Books::tables();
    options.block_cache_bytes = 4U << 20U;
    options.memtable_bytes = 1U << 20U;  // many flushes
    options.env = env_.get();
    auto opened = rocks::open(std::move(options), shards_, clock_, logger_);
    ASSERT_TRUE(opened.has_value()) << name_of(opened.error().code) << " " << opened.error().where;
    store_ = *std::move(opened);
  }
  // The clerks work until `is_enough`, then the store is closed.
  void work(std::size_t clerks, std::uint64_t round, UniqueFunction<bool()> is_enough) {
    books_.emplace(*store_, [this](std::uint64_t id, std::uint64_t sequence) { acknowledged_[id] = sequence; });
    shard_.run_until([&, turn = 0]() mutable {
      if (turn++ == 1) {
        for (std::size_t clerk = 0; clerk < clerks; ++clerk) {
          const std::uint64_t first_id = (round << 40U) + (clerk << 24U);
          scope_->spawn(books_->keep(first_id, static_cast<unsigned>(random_())));
        }
      }
      return is_enough();
    });
  }
  void close() {
    scope_.emplace();
    store_.reset();
  }

  unsigned seed_ = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  std::mt19937 random_{seed_};
  TempDirectory directory_;
  std::shared_ptr<FaultFileSystem> file_system_ = std::make_shared<FaultFileSystem>();
  std::unique_ptr<rocksdb::Env> env_;
  SystemClock clock_;
  Logger logger_{LogOptions{LogLevel::Error, false, directory_.path() + "/test.log"}};
  runtime::Shards shards_{1, clock_, logger_, SipKey{1, 2}};
  runtime::Shard& shard_{shards_[0]};
  std::unique_ptr<Store> store_;
  std::map<std::uint64_t, std::uint64_t> acknowledged_;
  std::optional<Books> books_;
  std::optional<runtime::Scope> scope_{std::in_place};
};

class PowerLoss : public FaultyRocks {
 protected:
  void rounds(int count) {
    SCOPED_TRACE("seed " + std::to_string(seed_));
    for (int round = 1; round <= count; ++round) {
      const std::size_t enough = acknowledged_.size() + random_() % 1500;
      work(16, static_cast<std::uint64_t>(round), [&] { return acknowledged_.size() >= enough; });
      file_system_->cut_power();
      close();
      file_system_->forget_unsynced(random_);
      open();
      ASSERT_EQ(audit(shard_, *store_, acknowledged_), "") << "round " << round;
    }
  }
};

TEST_F(PowerLoss, TheBooksBalance) { rounds(CLAVIGER_ROUNDS); }

class FullDisk : public FaultyRocks {};

TEST_F(FullDisk, WritesFailReadsServeAndItRecovers) {
  work(8, 1, [&] { return acknowledged_.size() >= 200; });
  file_system_->set_full(true);
  const auto failures = [&] { return books_->failures(); };
  shard_.run_until([&] { return failures() >= 50; });
  EXPECT_FALSE(store_->health().can_write);
  EXPECT_EQ(store_->health().why, "no space");
  Transaction refused;
  refused.put(Books::kJournal, "refused", as_bytes("x"));
  EXPECT_TRUE(run_task(shard_, store_->commit(std::move(refused))).failed_with(Code::NoSpace));
  EXPECT_TRUE(run_task(shard_, store_->get(Books::kAccounts, "account/100")));
  EXPECT_TRUE(run_task(shard_, store_->get(Books::kJournal, "refused")).failed_with(Code::NotFound));

  file_system_->set_full(false);
  const std::size_t enough = acknowledged_.size() + 200;
  shard_.run_until([&] { return acknowledged_.size() >= enough; });
  EXPECT_TRUE(store_->health().can_write);
  books_->stop();
  shard_.run_until([&] { return books_->clerks() == 0; });
  EXPECT_EQ(audit(shard_, *store_, acknowledged_), "");
  close();
  open();
  EXPECT_EQ(audit(shard_, *store_, acknowledged_), "");
}

TEST_F(FullDisk, RecoversThoughNobodyWrites) {
  file_system_->set_full(true);
  Transaction refused;
  refused.put(Books::kJournal, "refused", as_bytes("x"));
  EXPECT_TRUE(run_task(shard_, store_->commit(std::move(refused))).failed_with(Code::NoSpace));
  EXPECT_FALSE(store_->health().can_write);
  file_system_->set_full(false);
  shard_.run_until([&] { return store_->health().can_write; });
}

class FailingDisk : public FaultyRocks {};

// After a sync that failed nobody knows what the medium holds: no write is taken any more, a restart reads what is there.
TEST_F(FailingDisk, AFailedSyncIsAnErrorAndStaysOne) {
  work(8, 1, [&] { return acknowledged_.size() >= 200; });
  file_system_->fail_log_syncs(true);
  shard_.run_until([&] { return books_->failures() >= 20; });
  EXPECT_FALSE(store_->health().can_write);
  EXPECT_EQ(store_->health().why, "write failed");
  EXPECT_TRUE(run_task(shard_, store_->get(Books::kAccounts, "account/100")));
  file_system_->cut_power();
  close();
  file_system_->fail_log_syncs(false);
  file_system_->forget_unsynced(random_);
  open();
  EXPECT_EQ(audit(shard_, *store_, acknowledged_), "");
}

}  // namespace
}  // namespace claviger::storage
