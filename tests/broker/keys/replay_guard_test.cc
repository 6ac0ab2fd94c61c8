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
  void start_again() {
    guard_ = *ReplayGuard::make(1);
    EXPECT_TRUE(wait(guard_->load(context())).has_value());
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

TEST(ReplayGuard, KnowsRecordsOfEarlierVersionsAndNoOthers) {
  Bed bed;
  crypto::Sha256Digest digest{};
  const ReplayMark served = replay_mark(bed.now(), "ink.1.ann", kAnn, digest);
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
