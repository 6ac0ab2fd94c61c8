#include "broker/keys/replay_guard.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/tables.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;

class Bed : public KmsBed {
 public:
  Bed() { start_again(); }
  // As after a crash: what is durable is all there is.
  void start_again(std::size_t marks_max = ReplayGuard::kMarksMax) {
    const auto loaded = start_with(marks_max);
    EXPECT_TRUE(loaded.has_value());
  }
  Result<Unit> start_with(std::size_t marks_max) {
    guard_ = *ReplayGuard::make(1, marks_max);
    return wait(guard_->load(context()));
  }
  ReplayGuard& guard() { return *guard_; }
  ReplayMark mark(std::uint64_t number, std::int64_t later = 0) { return {now() + later, number}; }
  Result<Unit> remember(const ReplayMark& mark) { return wait(guard_->remember(context(), mark)); }
  std::size_t rows() { return wait(store().range(tables::kKmsRequests, "", "", 100))->size(); }

 private:
  std::shared_ptr<ReplayGuard> guard_;
};

TEST(ReplayGuard, OnceAndNeverAgain) {
  Bed bed;
  EXPECT_TRUE(bed.remember(bed.mark(1)).has_value());
  EXPECT_TRUE(bed.remember(bed.mark(1)).failed_with(Code::RequestReplayed));
  EXPECT_TRUE(bed.remember(bed.mark(2)).has_value());
  bed.start_again();
  EXPECT_EQ(bed.guard().size(), 2U);
  EXPECT_TRUE(bed.remember(bed.mark(1)).failed_with(Code::RequestReplayed));
  EXPECT_TRUE(bed.remember(bed.mark(2)).failed_with(Code::RequestReplayed));
  EXPECT_TRUE(bed.remember(bed.mark(3)).has_value());
}

runtime::Task<void> remember_into(ReplayGuard* guard, broker::Context* context, ReplayMark mark, std::string* said) {
  auto done = co_await guard->remember(context, mark);
  *said += done ? '+' : done.failed_with(Code::RequestReplayed) ? 'r' : '-';
}

TEST(ReplayGuard, ATurnsRequestsAreOneRecord) {
  Bed bed;
  std::string said;
  bed.run_until([&, is_begun = false]() mutable {
    for (std::uint64_t i = 0; !is_begun && i < 50; ++i) {
      bed.shard().scope().spawn(remember_into(&bed.guard(), bed.context(), bed.mark(i % 40), &said));
    }
    is_begun = true;
    return said.size() == 50;
  });
  EXPECT_EQ(said, std::string(10, 'r') + std::string(40, '+'));  // refused at once, the others when they are durable
  EXPECT_EQ(bed.rows(), 1U);
  bed.start_again();
  EXPECT_EQ(bed.guard().size(), 40U);
}

TEST(ReplayGuard, WhatCouldNotBeMadeDurableWasNotServed) {
  Bed bed;
  bed.store().fail_commits(1, Code::Overload);
  EXPECT_TRUE(bed.remember(bed.mark(1)).failed_with(Code::Overload));
  EXPECT_EQ(bed.guard().size(), 0U);
  EXPECT_TRUE(bed.remember(bed.mark(1)).has_value());
}

TEST(ReplayGuard, ForgetsWhatItsTimeRefuses) {
  Bed bed;
  for (std::uint64_t i = 0; i < 100; ++i)
    EXPECT_TRUE(bed.remember(bed.mark(i, static_cast<std::int64_t>(i))).has_value());
  EXPECT_EQ(bed.guard().size(), 100U);
  bed.clock().advance(kReplayMemory);
  for (std::uint64_t i = 0; i < 16; ++i) EXPECT_TRUE(bed.remember(bed.mark(1000 + i)).has_value());
  EXPECT_GT(bed.guard().size(), 16U);  // not before all of a bucket may go
  bed.clock().advance(Seconds(600));
  for (std::uint64_t i = 0; i < 16; ++i) EXPECT_TRUE(bed.remember(bed.mark(2000 + i)).has_value());
  EXPECT_EQ(bed.guard().size(), 32U);
}

TEST(ReplayGuard, AFullTableRefusesUntilSomeAreOver) {
  constexpr std::size_t kMax = 64;
  Bed bed;
  bed.start_again(kMax);
  for (std::uint64_t i = 0; i < kMax; ++i) EXPECT_TRUE(bed.remember(bed.mark(i)).has_value());
  EXPECT_TRUE(bed.remember(bed.mark(1000)).failed_with(Code::Overload));
  EXPECT_EQ(bed.guard().size(), kMax);
  // A request whose Time may still be near is not forgotten for others' sake.
  bed.clock().advance(kReplayMemory - Seconds(1));
  EXPECT_TRUE(bed.remember(bed.mark(1000)).failed_with(Code::Overload));
  bed.clock().advance(Seconds(130));
  // One that is over is in every stripe: it makes room wherever the new one lies.
  EXPECT_TRUE(bed.remember(bed.mark(1000)).has_value());
  EXPECT_EQ(bed.guard().size(), 1U);
  for (std::uint64_t i = 1; i < kMax; ++i) EXPECT_TRUE(bed.remember(bed.mark(1000 + i)).has_value());
  EXPECT_TRUE(bed.remember(bed.mark(2000)).failed_with(Code::Overload));
}

TEST(ReplayGuard, OneUserDoesNotFillIt) {
  constexpr std::uint64_t kMax = 8 * ReplayGuard::kUserMarksMax;
  Bed bed;
  bed.start_again(kMax);
  const std::int64_t begun = bed.now();
  const auto mark_of = [&](std::uint32_t user, std::uint64_t number) {
    return ReplayMark{begun, user * 10'000ULL + number, user};
  };
  // Half of it, while nobody else wants it.
  for (std::uint64_t i = 0; i < kMax / 2; ++i) ASSERT_TRUE(bed.remember(mark_of(1, i)).has_value()) << i;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bed.remember(mark_of(1, kMax)).failed_with(Code::Overload));
  EXPECT_EQ(bed.guard().size(), kMax / 2);
  EXPECT_TRUE(bed.remember(mark_of(2, 0)).has_value());
  EXPECT_TRUE(bed.remember(mark_of(2, 0)).failed_with(Code::RequestReplayed));
  bed.store().fail_commits(1, Code::Closed);
  EXPECT_FALSE(bed.remember(mark_of(2, 1)).has_value());
  // Neither of the two counts as his.
  for (std::uint64_t i = 1; i < ReplayGuard::kUserMarksMax; ++i) {
    ASSERT_TRUE(bed.remember(mark_of(2, i)).has_value()) << i;
  }
  EXPECT_TRUE(bed.remember(mark_of(2, kMax)).failed_with(Code::Overload));
  EXPECT_TRUE(bed.remember(mark_of(3, 0)).has_value());
  // Later on he may again.
  bed.clock().advance(kReplayMemory + Seconds(130));
  EXPECT_TRUE(bed.remember({bed.now(), 77, 1}).has_value());
}

TEST(ReplayGuard, UsersOfTwoTenantsAreTwo) {
  const crypto::Sha256Digest digest{};
  const ReplayMark one = replay_mark(5, "alpha", "ink.1.ann", kAnn, digest);
  EXPECT_EQ(one.user, replay_mark(6, "alpha", "ink.2.ann", kAnn, digest).user);
  EXPECT_NE(one.user, replay_mark(5, "beta", "ink.1.ann", kAnn, digest).user);
}

TEST(ReplayGuard, AllThatWasServedIsKnownOrNothingIs) {
  Bed bed;
  for (std::uint64_t i = 0; i < 20; ++i) EXPECT_TRUE(bed.remember(bed.mark(i)).has_value());
  // More than is taken on now, and known all the same.
  bed.start_again(10);
  EXPECT_EQ(bed.guard().size(), 20U);
  EXPECT_TRUE(bed.remember(bed.mark(100)).failed_with(Code::Overload));
  EXPECT_TRUE(bed.start_with(9).failed_with(Code::Overload));
  // By the store's clock they are over, too.
  bed.clock().advance(kReplayMemory + Seconds(130));
  bed.start_again(9);
  EXPECT_TRUE(bed.remember(bed.mark(100)).has_value());
}

TEST(ReplayGuard, KnowsRecordsOfEarlierVersionsAndNoOthers) {
  Bed bed;
  crypto::Sha256Digest digest{};
  const ReplayMark served = replay_mark(bed.now(), "alpha", "ink.1.ann", kAnn, digest);
  std::string key = "alpha" + std::string(1, '\0') + std::string(40, '\x55');
  const MutableBytes bytes = std::as_writable_bytes(std::span(key));
  store_be(bytes.subspan(6), static_cast<std::uint64_t>(served.time));
  store_be(bytes.subspan(14), served.fingerprint);
  storage::Transaction transaction;
  transaction.put(tables::kKmsRequests, key, {}, bed.now() + 1000);
  transaction.put(tables::kKmsRequests, "short", {}, bed.now() + 1000);
  const std::string ours(21, '\0');
  for (const std::string_view value :
       {std::string_view(), std::string_view("\x01torn", 5), std::string_view("\x02sixteen octets!!", 17)}) {
    transaction.put(tables::kKmsRequests, ours.substr(0, 20) + std::to_string(value.size() % 10), as_bytes(value),
                    bed.now() + 1000);
  }
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(transaction))).has_value());
  bed.start_again();
  EXPECT_EQ(bed.guard().size(), 1U);
  EXPECT_TRUE(bed.remember(served).failed_with(Code::RequestReplayed));
}

}  // namespace
}  // namespace claviger::keys
