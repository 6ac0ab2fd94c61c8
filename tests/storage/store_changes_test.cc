// The change feed, on both engines: order, paging, what is forgotten and how a reader learns of it.
#include "tests/storage/store_harness.h"

namespace claviger::storage {
namespace {

template <typename Engine>
class StoreChanges : public StoreHarness<Engine> {
 protected:
  // "sequence+key" for a put, "sequence-key" for an erase.
  static std::string listed(const Result<Changes>& changes) {
    if (!changes) return std::string(name_of(changes.error().code));
    std::string out;
    for (const Change& change : changes->changes) {
      out += (out.empty() ? "" : " ") + std::to_string(change.sequence) + (change.is_erased ? "-" : "+") + change.key;
    }
    return out;
  }
};
TYPED_TEST_SUITE(StoreChanges, Engines);

TYPED_TEST(StoreChanges, AreGivenInOrderOfCommit) {
  ASSERT_TRUE(this->put(kTracked, "b", "1"));
  ASSERT_TRUE(this->put(kPoint, "untracked", "1"));
  ASSERT_TRUE(this->put(kTracked, "a", "1"));
  ASSERT_TRUE(this->erase(kTracked, "b"));
  ASSERT_TRUE(this->put(kBriefly, "other", "1"));
  const auto all = this->changes(kTracked, 1);
  EXPECT_EQ(this->listed(all), "1+b 3+a 4-b");
  EXPECT_EQ(all->next_sequence, 6U);
  EXPECT_EQ(this->listed(this->changes(kTracked, 3)), "3+a 4-b");
  EXPECT_EQ(this->listed(this->changes(kTracked, 6)), "");
  EXPECT_EQ(this->listed(this->changes(kBriefly, 1)), "5+other");
}

TYPED_TEST(StoreChanges, AFollowerMissesNothing) {
  std::uint64_t next = 1;
  std::string seen;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(this->put(kTracked, std::to_string(i), "1"));
    if (i % 2 == 0) {
      ASSERT_TRUE(this->put(kPoint, "quiet", "1"));
    }
    const auto page = this->changes(kTracked, next, 1);
    for (const Change& change : page->changes) seen += change.key;
    next = page->next_sequence;
  }
  EXPECT_EQ(seen, "01234");
  const auto idle = this->changes(kTracked, next);
  EXPECT_TRUE(idle->changes.empty());
  EXPECT_EQ(idle->next_sequence, this->store_->latest_sequence() + 1);
}

TYPED_TEST(StoreChanges, APageNeverSplitsACommit) {
  Transaction three;
  for (const char* key : {"a", "b", "c"}) three.put(kTracked, key, as_bytes("1"));
  ASSERT_TRUE(this->commit(std::move(three)));
  ASSERT_TRUE(this->put(kTracked, "d", "1"));
  const auto page = this->changes(kTracked, 1, 2);
  EXPECT_EQ(this->listed(page), "1+a 1+b 1+c");
  EXPECT_EQ(page->next_sequence, 2U);
  EXPECT_EQ(this->listed(this->changes(kTracked, page->next_sequence, 2)), "2+d");
}

TYPED_TEST(StoreChanges, SurviveARestart) {
  ASSERT_TRUE(this->put(kTracked, "a", "1"));
  this->reopen();
  EXPECT_EQ(this->listed(this->changes(kTracked, 1)), "1+a");
}

TYPED_TEST(StoreChanges, WhoWasAwayTooLongIsToldSo) {
  ASSERT_TRUE(this->put(kBriefly, "a", "1"));
  this->advance(Seconds(59));
  EXPECT_EQ(this->listed(this->changes(kBriefly, 1)), "1+a");
  this->advance(Seconds(1));
  EXPECT_EQ(this->listed(this->changes(kBriefly, 1)), "OutOfRange");
  EXPECT_EQ(this->listed(this->changes(kBriefly, 0)), "OutOfRange");
  EXPECT_EQ(this->listed(this->changes(kBriefly, 2)), "");
  // The other table keeps longer.
  EXPECT_EQ(this->listed(this->changes(kTracked, 1)), "");
  this->reopen();
  EXPECT_EQ(this->listed(this->changes(kBriefly, 1)), "OutOfRange");
}

TYPED_TEST(StoreChanges, WhoKeepsAskingStaysCurrentHoweverQuietTheTable) {
  std::uint64_t next = 1;
  for (int i = 0; i < 20; ++i) {
    if (i % 2 == 0) {
      ASSERT_TRUE(this->put(kPoint, "other", "1"));
    }
    const auto page = this->changes(kBriefly, next);
    ASSERT_TRUE(page);
    next = page->next_sequence;
    this->advance(Seconds(40));
  }
}

// A commit each 3 s for minutes: at every moment what is younger than a minute is given, and asking for what is older
// than that and the marks' grid is refused.
TYPED_TEST(StoreChanges, TheFloorFollowsTheClock) {
  std::vector<std::pair<std::int64_t, std::uint64_t>> made;
  for (int i = 0; i < 100; ++i) {
    const auto put = this->put(kBriefly, std::to_string(i), "1");
    made.emplace_back(this->now(), put->sequence);
    if (i == 50) this->reopen();
    for (const auto& [time, sequence] : made) {
      const auto page = this->changes(kBriefly, sequence, kRangeMax);
      if (this->now() - time < 60) {
        ASSERT_TRUE(page) << i << " " << sequence;
        EXPECT_EQ(page->changes.size(), put->sequence - sequence + 1);
      } else if (this->now() - time >= 60 + ChangeFloor::kMarkSeconds) {
        ASSERT_FALSE(page) << i << " " << sequence;
      }
    }
    this->advance(Seconds(3));
  }
}

}  // namespace
}  // namespace claviger::storage
