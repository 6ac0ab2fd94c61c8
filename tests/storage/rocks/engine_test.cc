// What only the RocksDB engine has: tiers of reading, pins, compaction, several versions of the list of tables.
#include "storage/rocks/engine.h"

#include <rocksdb/cache.h>

#include <future>
#include <map>

#include "storage/rocks/expiry_filter.h"
#include "storage/rocks/tuning.h"
#include "tests/storage/rocks/raw_database.h"
#include "tests/storage/rocks/rocks_fixture.h"

namespace claviger::storage {
namespace {

class Engine : public RocksFixture {
 protected:
  void SetUp() override { open(); }
};

TEST_F(Engine, WhatIsNotCachedIsReadOffTheLoop) {
  ASSERT_TRUE(put(kPoint, "key", "value"));
  flush();
  process_->call([&] { EXPECT_FALSE(store_->get_cached(kPoint, "key").has_value()); });
  EXPECT_EQ(text(kPoint, "key"), "value");
  EXPECT_EQ(store_->figures().reads_off_loop, 1U);
  EXPECT_EQ(text(kPoint, "key"), "value");
  EXPECT_EQ(store_->figures().reads_off_loop, 1U);
}

// Empty stands for success.
Task<void> range_all(Store* store, std::promise<Code>* out) {
  const TableId table{1};
  const auto records = co_await store->range(table, "", "", kRangeMax);
  out->set_value(records ? Code::Empty : records.error().code);
}

TEST_F(Engine, AFullReadQueueIsOverload) {
  auto with = options();
  with.reader_threads = 1;
  with.read_queue_max = 1;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(kOrdered, "key" + std::to_string(i), "value"));
  ASSERT_TRUE(try_open(with));
  std::vector<std::promise<Code>> answers(50);
  process_->call([&] {
    // More than is read inline: always a job for the pool.
    for (auto& one : answers) runtime::Shard::current().scope().spawn(range_all(store_.get(), &one));
  });
  std::map<Code, int> counts;
  for (auto& one : answers) ++counts[one.get_future().get()];
  EXPECT_GT(counts[Code::Overload], 0);
  EXPECT_GT(counts[Code::Empty], 0);
  EXPECT_EQ(counts.size(), 2U);
}

TEST_F(Engine, AValueOutlivesItsRecordAndTheStore) {
  const std::string big(10'000, 'b');
  ASSERT_TRUE(put(kPoint, "big", big));
  ASSERT_TRUE(put(kPoint, "small", "s"));
  flush();
  const auto held_big = get(kPoint, "big");
  const auto held_small = get(kPoint, "small");
  Transaction gone;
  gone.erase(kPoint, "big");
  ASSERT_TRUE(wait(store_->commit(std::move(gone))));
  EXPECT_EQ(held_big->text(), big);
  close();
  EXPECT_EQ(held_big->text(), big);
  EXPECT_EQ(held_small->text(), "s");
}

TEST_F(Engine, SmallValuesDoNotPinTheirBlocks) {
  Transaction fill;
  for (int i = 0; i < 8000; ++i) fill.put(kPoint, "key" + std::to_string(i), as_bytes(std::string(100, 'v')));
  ASSERT_TRUE(wait(store_->commit(std::move(fill))));
  auto with = options();
  with.block_cache_bytes = 256U << 10U;
  with.memtable_bytes = 64U << 10U;
  ASSERT_TRUE(try_open(with));
  std::vector<Result<Value>> held;
  for (int i = 0; i < 8000; i += 40) held.push_back(get(kPoint, "key" + std::to_string(i)));
  for (const auto& value : held) ASSERT_EQ(value->text().size(), 100U);
  EXPECT_LE(store_->figures().block_cache_bytes, 512U << 10U);
}

TEST_F(Engine, CompactionFreesWhatExpiredLongAgoAndNothingElse) {
  ASSERT_TRUE(put(kExpiring, "old", "x", now() + 10));
  ASSERT_TRUE(put(kExpiring, "recent", "x", now() + 1000));
  ASSERT_TRUE(put(kExpiring, "never", "x"));
  clock_.advance(Seconds(1001));
  close();
  {
    const rocks::ExpiryFilter filter(clock_);
    // With the engine's own options; opening flushes the log, so that there is a file to compact.
    RawDatabase raw(path(), rocks::family_options(options(), TableAccess::Expiring, rocksdb::NewLRUCache(1U << 20U), &filter));
    std::string value;
    auto* family = raw.family("expiring");
    EXPECT_TRUE(raw.db().Get({}, family, "old", &value).ok());
    EXPECT_TRUE(raw.db().Put({}, family, "none of ours", "?").ok());
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    EXPECT_TRUE(raw.db().CompactRange(all, family, nullptr, nullptr).ok());
    EXPECT_TRUE(raw.db().Get({}, family, "old", &value).IsNotFound());
    EXPECT_TRUE(raw.db().Get({}, family, "recent", &value).ok());
    EXPECT_TRUE(raw.db().Get({}, family, "never", &value).ok());
    EXPECT_TRUE(raw.db().Get({}, family, "none of ours", &value).ok());
  }
  open();
  EXPECT_EQ(text(kExpiring, "never"), "x");
  EXPECT_EQ(text(kExpiring, "recent"), "NotFound");
}

TEST_F(Engine, TablesOfAnotherVersionAreLeftAlone) {
  ASSERT_TRUE(put(kOrdered, "key", "value"));
  auto fewer = options();
  fewer.tables = {{"point", TableAccess::Point}, {"newcomer", TableAccess::Expiring}};
  ASSERT_TRUE(try_open(fewer));
  ASSERT_TRUE(put(TableId{1}, "key", "of the newcomer"));
  open();
  EXPECT_EQ(text(kOrdered, "key"), "value");
}

TEST_F(Engine, ATableKeepsItsRecordsWhenTheListIsReordered) {
  ASSERT_TRUE(put(kOrdered, "key", "value"));
  auto turned = options();
  std::swap(turned.tables[0], turned.tables[1]);
  ASSERT_TRUE(try_open(turned));
  EXPECT_EQ(text(TableId{0}, "key"), "value");
}

TEST_F(Engine, ASecondOpenerIsRefused) {
  auto second = rocks::open(options(), process_->shards(), clock_, logger_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::AddressInUse);
}

TEST_F(Engine, APlaceThatCannotBeIsAnError) {
  auto nowhere = options();
  nowhere.directory = directory_.path() + "/no/such/folder";
  EXPECT_TRUE(try_open(nowhere).failed_with(Code::Io));
}

Task<void> commit_unanswered(Store* store, Transaction transaction) { (void)co_await store->commit(std::move(transaction)); }

TEST_F(Engine, CommitsThatWaitAtTheEndAreWritten) {
  process_->call([&] {
    for (int i = 0; i < 100; ++i) {
      Transaction change;
      change.put(kPoint, "key" + std::to_string(i), as_bytes("value"));
      runtime::Shard::current().scope().spawn(commit_unanswered(store_.get(), std::move(change)));
    }
  });
  flush();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(text(kPoint, "key" + std::to_string(i)), "value");
}

}  // namespace
}  // namespace claviger::storage
