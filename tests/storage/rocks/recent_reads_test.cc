// What is remembered of the database beside it: by each shard of what it reads, by the writer of versions.
#include "storage/rocks/recent_reads.h"

#include <atomic>

#include "tests/storage/rocks/rocks_fixture.h"

namespace claviger::storage {
namespace {

using rocks::RecentReads;

constexpr TableId kTable{0};
constexpr TableId kOther{1};
constexpr SipKey kHashKey{1, 2};

Result<Value> value_of(std::string_view text, std::int64_t expires_at = 0) {
  return Value::owned(std::string(text), 7, expires_at);
}
void ask_twice(RecentReads& reads, std::string_view key, std::uint64_t changed, const Result<Value>& found) {
  reads.keep(kTable, key, changed, found);
  reads.keep(kTable, key, changed, found);
}

TEST(RecentReads, KeepsWhatIsAskedForTheSecondTimeUntilTheTableChanges) {
  RecentReads reads(2, kHashKey);
  reads.keep(kTable, "key", 5, value_of("text"));
  EXPECT_FALSE(reads.find(kTable, "key", 5, 100));
  reads.keep(kTable, "key", 5, value_of("text"));
  const auto found = reads.find(kTable, "key", 5, 100);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->text(), "text");
  EXPECT_EQ((*found)->version(), 7U);
  EXPECT_FALSE(reads.find(kOther, "key", 5, 100));
  EXPECT_FALSE(reads.find(kTable, "key", 6, 100));
  EXPECT_EQ(reads.size(), 0U);
  EXPECT_EQ((*found)->text(), "text");  // outlives its entry
  // Nor when the older one is asked for again.
  EXPECT_FALSE(reads.find(kTable, "key", 5, 100));
}

TEST(RecentReads, KeepsThatThereIsNoneAndNoOtherFailure) {
  RecentReads reads(2, kHashKey);
  ask_twice(reads, "absent", 5, Error{Code::NotFound, "table"});
  ask_twice(reads, "corrupt", 5, Error{Code::Corrupt, "table"});
  const auto absent = reads.find(kTable, "absent", 5, 100);
  ASSERT_TRUE(absent && absent->failed_with(Code::NotFound));
  EXPECT_EQ(absent->error().where, "table");
  EXPECT_FALSE(reads.find(kTable, "corrupt", 5, 100));
}

TEST(RecentReads, TimePassesAndIsSetBack) {
  RecentReads reads(2, kHashKey);
  (void)reads.find(kTable, "key", 5, 100);
  ask_twice(reads, "key", 5, value_of("text", 110));
  ASSERT_TRUE(reads.find(kTable, "key", 5, 109));
  EXPECT_FALSE(reads.find(kTable, "key", 5, 110));
  ask_twice(reads, "gone", 5, Error{Code::NotFound, "table"});
  ASSERT_TRUE(reads.find(kTable, "gone", 5, 110));
  EXPECT_FALSE(reads.find(kTable, "gone", 5, 109));  // it may only have expired
}

TEST(RecentReads, IsBounded) {
  RecentReads reads(2, kHashKey);
  ask_twice(reads, "long", 5, value_of(std::string(RecentReads::kValueBytesMax + 1, 'x')));
  ask_twice(reads, std::string(RecentReads::kKeyBytesMax + 1, 'x'), 5, value_of("x"));
  EXPECT_EQ(reads.size(), 0U);
  for (int i = 0; i < 20'000; ++i) {
    ask_twice(reads, "key" + std::to_string(i), 5, value_of("x"));
    ASSERT_LE(reads.size(), RecentReads::kEntriesMax);
  }
  EXPECT_GT(reads.size(), 0U);
}

TEST(RecentReads, EmptyRangesAreTheirOwn) {
  RecentReads reads(2, kHashKey);
  for (int i = 0; i < 2; ++i) reads.keep_empty_range(kTable, "a", "bc", 5);
  EXPECT_TRUE(reads.is_empty_range(kTable, "a", "bc", 5, 100));
  EXPECT_FALSE(reads.is_empty_range(kTable, "ab", "c", 5, 100));
  EXPECT_FALSE(reads.is_empty_range(kTable, "a", "bc", 6, 100));
  EXPECT_EQ(reads.size(), 0U);
}

class Remembered : public RocksFixture {
 protected:
  void SetUp() override { open(); }
  // As often as it takes to be remembered, and once more.
  std::string asked(TableId table, const std::string& key) {
    std::string last;
    for (int i = 0; i < 4; ++i) last = text(table, key);
    return last;
  }
  std::size_t in_range(std::string from, std::string to) {
    std::size_t count = 99;
    for (int i = 0; i < 4; ++i) {
      const auto found = wait(store_->range(kOrdered, from, to, 10));
      count = found ? found->size() : 99;
    }
    return count;
  }
  Result<Committed> replace(TableId table, std::string_view key, std::uint64_t version, std::string_view value,
                            std::int64_t expires_at = 0) {
    Transaction change;
    change.expect_version(table, key, version);
    change.put(table, key, as_bytes(value), expires_at);
    return wait(store_->commit(std::move(change)));
  }
};

TEST_F(Remembered, WhoeverIsToldOfACommitReadsWhatItWrote) {
  EXPECT_EQ(asked(kPoint, "key"), "NotFound");
  for (int i = 0; i < 50; ++i) {
    const std::string value = "value " + std::to_string(i);
    ASSERT_TRUE(put(kPoint, "key", value));
    EXPECT_EQ(asked(kPoint, "key"), value);
  }
  Transaction change;
  change.erase(kPoint, "key");
  ASSERT_TRUE(wait(store_->commit(std::move(change))));
  EXPECT_EQ(asked(kPoint, "key"), "NotFound");
}

Task<void> write_both(Store* store, std::string value, std::atomic<int>* written) {
  Transaction both;
  both.put(TableId{0}, "large", as_bytes(value));
  both.put(TableId{1}, "small", as_bytes(value).first(1));
  const auto committed = co_await store->commit(std::move(both));
  EXPECT_TRUE(committed);
  ++*written;
}

// The large one is never remembered: while the writer is at it, it comes new out of the database, and then the small one
// must not be an old one that is remembered.
TEST_F(Remembered, WhoeverSeesAPartOfACommitSeesAllOfIt) {
  const std::string large(RecentReads::kValueBytesMax + 1, 'x');
  std::atomic<int> written{0};
  for (int i = 1; i <= 200; ++i) {
    process_->call([&] { runtime::Shard::current().scope().spawn(write_both(store_.get(), large, &written)); });
    while (written < i) {
      process_->call([&] {
        for (int times = 0; times < 20; ++times) {
          const auto first = store_->get_cached(kPoint, "large");
          const auto second = store_->get_cached(kOrdered, "small");
          if (!first || !*first) continue;
          ASSERT_TRUE(second && *second);
          ASSERT_GE((*second)->version(), (*first)->version());
        }
      });
    }
  }
}

TEST_F(Remembered, ARangeThatWasEmptyFills) {
  EXPECT_EQ(in_range("a", "b"), 0U);
  ASSERT_TRUE(put(kOrdered, "ab", "x"));
  EXPECT_EQ(in_range("a", "b"), 1U);
  EXPECT_EQ(in_range("b", "c"), 0U);
}

TEST_F(Remembered, RecordsExpireAndComeBackWithTheTime) {
  const WallTime before = clock_.wall();
  ASSERT_TRUE(put(kExpiring, "key", "value", now() + 10));
  EXPECT_EQ(asked(kExpiring, "key"), "value");
  clock_.advance(Seconds(10));
  process_->end_turn();  // whose time is that of its beginning
  EXPECT_EQ(asked(kExpiring, "key"), "NotFound");
  clock_.set_wall(before);
  process_->end_turn();
  EXPECT_EQ(asked(kExpiring, "key"), "value");
}

TEST_F(Remembered, VersionsAreThoseOfTheDatabase) {
  const auto first = put(kPoint, "key", "1");
  ASSERT_TRUE(first);
  EXPECT_TRUE(replace(kPoint, "key", 0, "2").failed_with(Code::Conflict));
  const auto second = replace(kPoint, "key", first->sequence, "2");
  ASSERT_TRUE(second);
  EXPECT_TRUE(replace(kPoint, "key", first->sequence, "3").failed_with(Code::Conflict));
  flush();  // read, not written, by this writer
  EXPECT_TRUE(replace(kPoint, "key", first->sequence, "3").failed_with(Code::Conflict));
  EXPECT_TRUE(replace(kPoint, "key", first->sequence, "3").failed_with(Code::Conflict));
  ASSERT_TRUE(replace(kPoint, "key", second->sequence, "3"));
  EXPECT_TRUE(replace(kPoint, "key", second->sequence, "4").failed_with(Code::Conflict));
  Transaction erasing;
  erasing.erase(kPoint, "key");
  ASSERT_TRUE(wait(store_->commit(std::move(erasing))));
  ASSERT_TRUE(replace(kPoint, "key", 0, "5"));
  EXPECT_TRUE(replace(kOrdered, "key", 1, "other table").failed_with(Code::Conflict));
}

TEST_F(Remembered, AnExpiredRecordIsAbsentForTheWriterToo) {
  const auto written = put(kExpiring, "key", "1", now() + 10);
  ASSERT_TRUE(written);
  EXPECT_TRUE(replace(kExpiring, "key", 0, "2").failed_with(Code::Conflict));
  clock_.advance(Seconds(10));
  EXPECT_TRUE(replace(kExpiring, "key", written->sequence, "2").failed_with(Code::Conflict));
  EXPECT_TRUE(replace(kExpiring, "key", 0, "2"));
}

// More than the writer remembers: those it forgot it looks up.
TEST_F(Remembered, WhatTheWriterForgotIsStillThere) {
  const auto first = put(kPoint, "key", "1");
  ASSERT_TRUE(first);
  for (int i = 0; i < 20; ++i) {
    Transaction many;
    for (int j = 0; j < 1000; ++j) many.put(kPoint, "filler " + std::to_string(1000 * i + j), as_bytes("x"));
    ASSERT_TRUE(wait(store_->commit(std::move(many))));
  }
  EXPECT_TRUE(replace(kPoint, "key", first->sequence + 1, "2").failed_with(Code::Conflict));
  EXPECT_TRUE(replace(kPoint, "key", first->sequence, "2"));
}

}  // namespace
}  // namespace claviger::storage
