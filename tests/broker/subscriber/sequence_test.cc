#include "broker/subscriber/sequence.h"

#include <gtest/gtest.h>

#include <set>

namespace claviger::subscriber {
namespace {

aka::Rand rand_of(int number) {
  aka::Rand rand{};
  rand[0] = static_cast<std::byte>(number);
  return rand;
}

// TS 33.102 clause C.1.1.2: the home domain's IND goes round in its half, another domain has one of its own.
TEST(Sequence, EachServingDomainHasItsPart) {
  std::set<int> home;
  for (std::uint8_t turn = 0; turn < 64; ++turn) home.insert(ind_of(5, "", turn));
  EXPECT_EQ(home.size(), 16U);
  EXPECT_LT(*home.rbegin(), 16);
  const std::uint8_t bravo = ind_of(5, "bravo.example", 0);
  EXPECT_GE(bravo, 16);
  EXPECT_LT(bravo, 32);
  EXPECT_EQ(ind_of(5, "bravo.example", 9), bravo);
  EXPECT_EQ(ind_of(0, "bravo.example", 1), 0);
  EXPECT_EQ(ind_of(0, "", 1), 0);
}

TEST(Sequence, RisesWhateverTheClockDoes) {
  Numbers numbers(0);
  aka::Sequence last = 0;
  for (const Tick now : {1000U, 1000U, 1000U, 900U, 1005U, 2000U}) {
    const Tick tick = *numbers.next(now, 5);
    const aka::Sequence sequence = numbers.use(tick, 5, "", rand_of(1));
    EXPECT_GT(sequence >> 5U, last >> 5U);
    last = sequence;
  }
}

TEST(Sequence, TooFarAheadOfTheClock) {
  Numbers numbers(0);
  numbers.use(1000 + SequenceClock::kAheadMax, 5, "", rand_of(1));
  EXPECT_EQ(numbers.next(1000, 5).error().code, Code::AkaThrottled);
  EXPECT_TRUE(numbers.next(1001, 5));
}

TEST(Sequence, EndsBeforeItWrapsRound) {
  Numbers numbers(static_cast<std::int64_t>((aka::kSequenceMax >> 5U) - kDelta - 1000));
  EXPECT_TRUE(numbers.next(1000, 5));
  EXPECT_EQ(numbers.next(1001, 5).error().code, Code::SequenceExhausted);
  Numbers below(-1000);
  EXPECT_EQ(below.next(1000, 5).error().code, Code::SequenceExhausted);
}

TEST(Sequence, ResynchronisationRaises) {
  Numbers numbers(0);
  numbers.use(1000, 5, "", rand_of(1));
  // The module is ahead: any right AUTS counts, whenever it was made.
  const auto offset = numbers.offset_for(5000U << 5U, rand_of(9), 1000, 5);
  ASSERT_TRUE(offset && *offset);
  numbers.set_offset(**offset);
  EXPECT_EQ(numbers.use(*numbers.next(1000, 5), 5, "", rand_of(2)) >> 5U, 5001U);
}

TEST(Sequence, ResynchronisationKeepsWhatIsAccepted) {
  Numbers numbers(0);
  numbers.use(1000, 5, "", rand_of(1));
  // Behind, and what is next is fresh for it (clause 6.3.5): a replayed AUTS changes nothing.
  const auto offset = numbers.offset_for(400U << 5U, rand_of(9), 1000, 5);
  ASSERT_TRUE(offset);
  EXPECT_FALSE(offset->has_value());
}

TEST(Sequence, OnlyWhoWasChallengedOfLateLowers) {
  const Tick now = 3 * kDelta;
  Numbers numbers(0);
  numbers.use(now, 5, "", rand_of(1));
  const auto replayed = numbers.offset_for(400U << 5U, rand_of(9), now, 5);
  ASSERT_TRUE(replayed);
  EXPECT_FALSE(replayed->has_value());
  const auto offset = numbers.offset_for(400U << 5U, rand_of(1), now, 5);
  ASSERT_TRUE(offset && *offset);
  numbers.set_offset(**offset);
  EXPECT_EQ(numbers.use(*numbers.next(now, 5), 5, "", rand_of(2)) >> 5U, 401U);
}

// A module with a tighter bound than the usual refuses what we think is fresh.
TEST(Sequence, AModuleThatRefusedAHigherOneIsBelieved) {
  Numbers numbers(0);
  numbers.use(1000, 5, "", rand_of(1));
  const auto offset = numbers.offset_for(400U << 5U, rand_of(1), 1000, 5);
  ASSERT_TRUE(offset && *offset);
  numbers.set_offset(**offset);
  EXPECT_EQ(numbers.use(*numbers.next(1000, 5), 5, "", rand_of(2)) >> 5U, 401U);
}

TEST(Sequence, AModuleAtTheEndIsNotFollowed) {
  Numbers numbers(0);
  EXPECT_EQ(numbers.offset_for(aka::kSequenceMax, rand_of(1), 1000, 5).error().code, Code::SequenceExhausted);
}

}  // namespace
}  // namespace claviger::subscriber
