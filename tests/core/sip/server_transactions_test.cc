#include "core/sip/server_transactions.h"

#include <gtest/gtest.h>

namespace claviger::sip {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFlooding = 0x7f000002;
constexpr std::uint64_t kOther = 0x7f000003;

struct SipServerTransactions : testing::Test {
  ServerTransactions transactions{SipKey{1, 2}, SipKey{3, 4}, {100, 20, 60, 10'000, 6'000}};
  Monotonic now{1000s};
  std::uint64_t next = 0;

  TransactionKey key(std::uint64_t number) const { return {number, number}; }
  bool begin(std::optional<std::uint64_t> datagram_of) { return transactions.begin(key(++next), datagram_of); }
  std::size_t begin_all(std::optional<std::uint64_t> datagram_of) {
    std::size_t begun = 0;
    while (begin(datagram_of)) ++begun;
    return begun;
  }
};

TEST_F(SipServerTransactions, OneSourceLeavesRoomForOthersAndUdpForStreams) {
  EXPECT_TRUE(begin(kOther));
  EXPECT_EQ(begin_all(kFlooding), 60U);
  EXPECT_EQ(begin_all(kOther), 19U);
  EXPECT_EQ(begin_all(std::nullopt), 20U);
  EXPECT_FALSE(begin(kOther));
}

// One core is the common case: what others would have is its own until they come, and they find room to begin.
TEST_F(SipServerTransactions, ASourceAloneHasWhatThereIs) {
  EXPECT_EQ(begin_all(kFlooding), 78U);
  EXPECT_TRUE(begin(kOther));
  for (std::uint64_t number = 1; number <= 19; ++number) {
    EXPECT_FALSE(begin(kFlooding)) << "above its share while somebody else is there";
    transactions.end(key(number));
  }
  EXPECT_TRUE(begin(kFlooding));
  EXPECT_FALSE(begin(kFlooding));
  EXPECT_EQ(begin_all(kOther), 19U);
}

TEST_F(SipServerTransactions, KeptAnswersAreBoundedInOctets) {
  const auto keep = [&](std::uint64_t source, std::size_t size) {
    if (!begin(source)) return false;
    transactions.complete(key(next), std::string(size, 'a'), now + 32s);
    return true;
  };
  EXPECT_TRUE(keep(kOther, 1));
  EXPECT_TRUE(keep(kFlooding, 5'999));
  EXPECT_TRUE(keep(kFlooding, 1'000));
  EXPECT_FALSE(keep(kFlooding, 1));
  EXPECT_TRUE(keep(kOther, 2'999));
  EXPECT_TRUE(keep(kOther, 1));
  EXPECT_EQ(transactions.kept_bytes(), 10'000U);
  EXPECT_FALSE(keep(kOther, 1));
  EXPECT_TRUE(begin(std::nullopt));
  transactions.end(key(next));
  // Timer J is over: all of it is given back.
  transactions.expire(now + 31s);
  EXPECT_FALSE(begin(kFlooding));
  transactions.expire(now + 32s);
  EXPECT_EQ(transactions.kept_bytes(), 0U);
  EXPECT_EQ(transactions.size(), 0U);
  EXPECT_TRUE(keep(kFlooding, 9'000));
  EXPECT_TRUE(begin(kFlooding)) << "alone";
  EXPECT_EQ(begin_all(kOther), 60U);
}

TEST_F(SipServerTransactions, WhatEndsGivesItsShareBack) {
  EXPECT_TRUE(begin(kOther));
  EXPECT_EQ(begin_all(kFlooding), 60U);
  for (std::uint64_t number = 2; number <= 61; ++number) transactions.end(key(number));
  transactions.end(key(4711));
  EXPECT_EQ(transactions.size(), 1U);
  EXPECT_EQ(begin_all(kFlooding), 60U);
}

}  // namespace
}  // namespace claviger::sip
