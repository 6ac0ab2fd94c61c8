// Reads, on both engines: expiry to the second, ranges, paging, suspended readers.
#include <random>

#include "storage/page.h"
#include "tests/storage/store_harness.h"

namespace claviger::storage {
namespace {

using namespace std::chrono_literals;

template <typename Engine>
class StoreRead : public StoreHarness<Engine> {};
TYPED_TEST_SUITE(StoreRead, Engines);

TYPED_TEST(StoreRead, AbsentIsNotFound) {
  EXPECT_EQ(this->get(kPoint, "a").error().code, Code::NotFound);
  EXPECT_EQ(this->get(kOrdered, "a").error().code, Code::NotFound);
}

TYPED_TEST(StoreRead, GivesTheBytesThatWerePut) {
  const std::string binary("\0\xff\x01", 3);
  ASSERT_TRUE(this->put(kPoint, binary, binary));
  ASSERT_TRUE(this->put(kPoint, "empty", ""));
  const std::string big(100'000, 'x');
  ASSERT_TRUE(this->put(kPoint, "big", big));
  EXPECT_EQ(this->text(kPoint, binary), binary);
  EXPECT_EQ(this->text(kPoint, "empty"), "");
  EXPECT_EQ(this->text(kPoint, "big"), big);
}

TYPED_TEST(StoreRead, CachedReadsAnswerInline) {
  ASSERT_TRUE(this->put(kPoint, "a", "1"));
  this->process_->call([&] {
    const auto value = this->store_->get_cached(kPoint, "a");
    EXPECT_TRUE(value && *value && (*value)->text() == "1");
    const auto absent = this->store_->get_cached(kPoint, "b");
    EXPECT_TRUE(absent && absent->failed_with(Code::NotFound));
  });
}

TYPED_TEST(StoreRead, AbsentFromTheSecondOfExpiryOn) {
  const std::int64_t expiry = this->now() + 10;
  const auto put = this->put(kExpiring, "a", "1", expiry);
  ASSERT_TRUE(this->put(kExpiring, "b", "2"));
  this->advance(9999ms);
  EXPECT_EQ(this->get(kExpiring, "a")->expires_at(), expiry);
  EXPECT_EQ(this->range(kExpiring, "", ""), "a=1 b=2");
  this->advance(1ms);
  EXPECT_EQ(this->text(kExpiring, "a"), "NotFound");
  EXPECT_EQ(this->range(kExpiring, "", ""), "b=2");

  Transaction stale;
  stale.expect_version(kExpiring, "a", put->sequence);
  EXPECT_EQ(this->commit(std::move(stale)).error().code, Code::Conflict);
  Transaction create;
  create.expect_absent(kExpiring, "a");
  create.put(kExpiring, "a", as_bytes("new"));
  EXPECT_TRUE(this->commit(std::move(create)));
  EXPECT_EQ(this->text(kExpiring, "a"), "new");
}

TYPED_TEST(StoreRead, PutExpiredIsAbsentInItsBatchToo) {
  std::vector<Transaction> together(2);
  together[0].put(kExpiring, "a", as_bytes("1"), this->now());
  together[1].expect_absent(kExpiring, "a");
  together[1].put(kExpiring, "a", as_bytes("2"), this->now() + 1);
  const auto results = this->commit_together(std::move(together));
  EXPECT_TRUE(results[0]);
  EXPECT_TRUE(results[1]);
  EXPECT_EQ(this->text(kExpiring, "a"), "2");
}

TYPED_TEST(StoreRead, RangesAreHalfOpenAndOrdered) {
  for (const char* key : {"b", "d", "a", "c", "ca"}) ASSERT_TRUE(this->put(kOrdered, key, key));
  EXPECT_EQ(this->range(kOrdered, "", ""), "a=a b=b c=c ca=ca d=d");
  EXPECT_EQ(this->range(kOrdered, "b", "d"), "b=b c=c ca=ca");
  EXPECT_EQ(this->range(kOrdered, "bb", "cb"), "c=c ca=ca");
  EXPECT_EQ(this->range(kOrdered, "e", ""), "");
  EXPECT_EQ(this->range(kOrdered, "c", "c"), "");
  EXPECT_EQ(this->range(kOrdered, "d", "b"), "");
  EXPECT_EQ(this->range(kOrdered, "", "", 0), "");
  EXPECT_EQ(this->range(kOrdered, "", "", 2), "a=a b=b");
}

TYPED_TEST(StoreRead, KeysAreOrderedByUnsignedBytes) {
  ASSERT_TRUE(this->put(kOrdered, "\xff", "last"));
  ASSERT_TRUE(this->put(kOrdered, "a", "middle"));
  ASSERT_TRUE(this->put(kOrdered, std::string_view("\0", 1), "first"));
  const auto records = this->wait(this->store_->range(kOrdered, "", "", 10));
  ASSERT_EQ(records->size(), 3U);
  EXPECT_EQ((*records)[0].value.text(), "first");
  EXPECT_EQ((*records)[2].value.text(), "last");
}

TYPED_TEST(StoreRead, APageOfLongRecordsIsShortAndNotTheLast) {
  constexpr std::size_t kRecords = 40, kPage = kRangeBytesMax >> 20U;
  const std::string mebibyte(std::size_t{1} << 20U, 'x');
  for (std::size_t i = 0; i < kRecords; ++i) ASSERT_TRUE(this->put(kOrdered, std::to_string(100 + i), mebibyte));
  std::vector<std::size_t> sizes;
  std::string from;
  for (bool is_last = false; !is_last;) {
    auto page = this->wait(this->store_->range(kOrdered, from, "", kRangeMax));
    ASSERT_TRUE(page && !page->empty());
    EXPECT_EQ(page->front().key, std::to_string(100 + sizes.size() * kPage));
    sizes.push_back(page->size());
    is_last = !is_full_page(*page, kRangeMax);
    from = page->back().key + '\0';
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{kPage, kPage, kRecords - 2 * kPage}));
  EXPECT_EQ(this->wait(this->store_->range(kOrdered, "", "", 3))->size(), 3U);
  for (const auto& [limit, size] : {std::pair(kRangeMax, kRecords), std::pair(kPage + 1, kPage + 1)}) {
    const auto all = this->wait(range_all(this->store_.get(), kOrdered, "", "", limit));
    ASSERT_TRUE(all && all->size() == size);
    EXPECT_EQ(all->back().key, std::to_string(100 + size - 1));
  }
}

TYPED_TEST(StoreRead, ARecordLongerThanAPageIsOne) {
  ASSERT_TRUE(this->put(kOrdered, "a", std::string(kRangeBytesMax + 1, 'x')));
  ASSERT_TRUE(this->put(kOrdered, "b", "short"));
  const auto page = this->wait(this->store_->range(kOrdered, "", "", 2));
  ASSERT_TRUE(page && page->size() == 1);
  EXPECT_TRUE(is_full_page(*page, 2));
  const auto rest = this->wait(this->store_->range(kOrdered, "b", "", 2));
  ASSERT_TRUE(rest && rest->size() == 1);
  EXPECT_FALSE(is_full_page(*rest, 2));
  EXPECT_TRUE(is_full_page(*rest, 1));
  EXPECT_FALSE(is_full_page({}, 0));
}

TYPED_TEST(StoreRead, PagingGivesEveryRecordOnce) {
  constexpr int kRecords = 1000;
  Transaction fill;
  for (int i = 0; i < kRecords; ++i) {
    fill.put(kOrdered, "key" + std::to_string(10'000 + i), as_bytes(std::to_string(i)), i % 3 == 0 ? this->now() : 0);
  }
  ASSERT_TRUE(this->commit(std::move(fill)));
  for (const std::size_t limit : {1UL, 7UL, 128UL, 500UL, kRangeMax}) {
    std::string from;
    int next = 1;
    for (;;) {
      auto page = this->wait(this->store_->range(kOrdered, from, "", limit));
      ASSERT_TRUE(page);
      if (page->empty()) break;
      ASSERT_LE(page->size(), limit);
      for (const Record& record : *page) {
        EXPECT_EQ(record.value.text(), std::to_string(next));
        next += next % 3 == 2 ? 2 : 1;
      }
      from = page->back().key + '\0';
    }
    EXPECT_EQ(next, kRecords % 3 == 1 ? kRecords : kRecords + 1);
  }
}

TYPED_TEST(StoreRead, APageIsBounded) {
  Transaction fill;
  for (std::size_t i = 0; i < kRangeMax + 10; ++i) fill.put(kOrdered, std::to_string(i), as_bytes("v"));
  ASSERT_TRUE(this->commit(std::move(fill)));
  EXPECT_EQ(this->wait(this->store_->range(kOrdered, "", "", kRangeMax + 10))->size(), kRangeMax);
}

// The engine against a std::map, with restarts in between. Another seed: --gtest_random_seed.
TYPED_TEST(StoreRead, AgreesWithAModel) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  struct Entry {
    std::string value;
    std::int64_t expires_at;
    std::uint64_t version;
  };
  std::map<std::string, Entry> model;
  const auto roll = [&](unsigned sides) { return static_cast<unsigned>(random() % sides); };
  for (int step = 0; step < 600; ++step) {
    const std::string key = "k" + std::to_string(roll(20));
    const auto known = model.find(key);
    const bool is_there =
        known != model.end() && (known->second.expires_at == 0 || known->second.expires_at > this->now());
    switch (roll(6)) {
      case 0:
      case 1: {
        Transaction change;
        const std::string value = std::to_string(step);
        const std::int64_t expires_at = roll(2) == 0 ? 0 : this->now() + 1 + roll(5);
        const std::uint64_t expected = roll(4) == 0 ? 12345 : is_there ? known->second.version : 0;
        change.expect_version(kExpiring, key, expected);
        change.put(kExpiring, key, as_bytes(value), expires_at);
        const auto result = this->commit(std::move(change));
        ASSERT_EQ(result.has_value(), expected != 12345);
        if (result) model[key] = {value, expires_at, result->sequence};
        break;
      }
      case 2:
        ASSERT_TRUE(this->erase(kExpiring, key));
        model.erase(key);
        break;
      case 3:
        this->advance(Milliseconds(roll(2000)));
        break;
      case 4:
        ASSERT_EQ(this->text(kExpiring, key), is_there ? known->second.value : "NotFound");
        break;
      case 5: {
        std::string expected;
        for (const auto& [name, entry] : model) {
          if (entry.expires_at != 0 && entry.expires_at <= this->now()) continue;
          expected += (expected.empty() ? "" : " ") + name + "=" + entry.value;
        }
        ASSERT_EQ(this->range(kExpiring, "", ""), expected);
        break;
      }
    }
    if (roll(100) == 0) this->reopen();
  }
}

}  // namespace
}  // namespace claviger::storage
