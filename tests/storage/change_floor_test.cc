#include "storage/change_floor.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace claviger::storage {
namespace {

TEST(ChangeFloor, IsNothingBeforeTheFirstCommit) {
  const ChangeFloor floor(60);
  EXPECT_EQ(floor.floor(60, 1'700'000'000), 0U);
  EXPECT_FALSE(floor.next_mark(1'700'000'000));
}

TEST(ChangeFloor, TheLastCommitCountsWithoutAMark) {
  ChangeFloor floor(60);
  floor.committed({1000, 1}, std::nullopt);
  EXPECT_EQ(floor.floor(60, 1059), 0U);
  EXPECT_EQ(floor.floor(60, 1060), 1U);
}

TEST(ChangeFloor, TimeInMarksNeverRunsBackwards) {
  ChangeFloor floor(60);
  floor.committed({1000, 1}, std::nullopt);
  EXPECT_EQ(floor.commit_time(900), 1000);
  EXPECT_FALSE(floor.next_mark(900).has_value() && floor.next_mark(900)->time < 1000);
}

// Every commit's entries live for kept + kDropAfter seconds. Whoever asks from a sequence whose entry may have been
// dropped must be refused; whoever asks from one younger than `kept` must not. Commits at random times, one mark or none each.
TEST(ChangeFloor, CoversEveryCommitBeforeItsEntryIsDropped) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::int64_t kKept = 60;
  for (int round = 0; round < 50; ++round) {
    ChangeFloor floor(kKept);
    std::vector<std::int64_t> times;
    std::int64_t now = 1'000'000;
    const unsigned gap_max = 1 + static_cast<unsigned>(random() % 40);
    for (std::uint64_t sequence = 1; sequence < 100; ++sequence) {
      now += static_cast<std::int64_t>(random() % gap_max);
      if (random() % 20 == 0) now += static_cast<std::int64_t>(random() % 500);
      const auto mark = floor.next_mark(now);
      const auto obsolete = floor.obsolete(now);
      floor.committed({floor.commit_time(now), sequence}, mark);
      if (obsolete) floor.drop_oldest();
      times.push_back(now);
      for (std::uint64_t asked = 1; asked <= sequence; ++asked) {
        const std::int64_t age = now - times[asked - 1];
        const bool is_refused = asked <= floor.floor(kKept, now);
        if (age >= kKept + ChangeFloor::kMarkSeconds) {
          ASSERT_TRUE(is_refused) << asked << " of " << sequence;
        } else if (age < kKept) {
          ASSERT_FALSE(is_refused) << asked << " of " << sequence;
        }
      }
    }
  }
}

}  // namespace
}  // namespace claviger::storage
