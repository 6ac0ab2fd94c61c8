#include "storage/rocks/batch_judge.h"

#include "storage/rocks/database.h"
#include "storage/stored_value.h"
#include "tests/storage/rocks/rocks_fixture.h"

namespace claviger::storage {
namespace {

using rocks::BatchJudge;
using rocks::Database;

class Judged : public RocksFixture {
 protected:
  void SetUp() override {
    auto opened = Database::open(options(), clock_, logger_);
    ASSERT_TRUE(opened);
    database_ = *std::move(opened);
    judge_.emplace(*database_);
  }
  // Accepted and written, as the commit writer does.
  void write(std::string_view key, std::uint64_t sequence, std::int64_t expires_at, std::int64_t now) {
    Transaction change;
    change.put(kExpiring, key, as_bytes("x"), expires_at);
    judge_->begin(now);
    judge_->accept(change, sequence);
    const EncodedHeader header({sequence, expires_at});
    const std::string value = std::string(header.text()).append("x");
    ASSERT_TRUE(database_->db().Put({}, database_->family(kExpiring), rocks::as_slice(key), value).ok());
    judge_->remember();
  }
  // What a compaction does with a record that is long over.
  void drop(std::string_view key) {
    ASSERT_TRUE(database_->db().Delete({}, database_->family(kExpiring), rocks::as_slice(key)).ok());
  }
  bool holds(std::string_view key, std::uint64_t version, std::int64_t now) {
    Transaction change;
    change.expect_version(kExpiring, key, version);
    judge_->begin(now);
    return !judge_->refusal(change, now);
  }
  std::unique_ptr<Database> database_;
  std::optional<BatchJudge> judge_;
};

TEST_F(Judged, WhatWasWrittenIsNotLookedUp) {
  write("key", 7, 0, 1000);
  drop("key");
  EXPECT_TRUE(holds("key", 7, 1001)) << "so it was remembered";
  EXPECT_FALSE(holds("key", 0, 1001));
  judge_->forget();
  EXPECT_TRUE(holds("key", 0, 1001));
}

TEST_F(Judged, TimeThatIsSetBackBringsBackWhatTheDatabaseHasAndNothingElse) {
  write("kept", 7, 1010, 1000);
  write("dropped", 8, 1010, 1000);
  EXPECT_TRUE(holds("kept", 7, 1009));
  EXPECT_TRUE(holds("kept", 0, 2000));
  EXPECT_TRUE(holds("dropped", 0, 2000));
  drop("dropped");
  EXPECT_TRUE(holds("dropped", 0, 1005)) << "no reader finds it";
  EXPECT_TRUE(holds("kept", 7, 1005));
}

TEST_F(Judged, EarlierTransactionsOfTheBatchCount) {
  Transaction put;
  put.put(kExpiring, "key", as_bytes("x"), 1010);
  judge_->begin(1000);
  judge_->accept(put, 7);
  Transaction expecting;
  expecting.expect_version(kExpiring, "key", 7);
  EXPECT_FALSE(judge_->refusal(expecting, 1000));
  judge_->begin(1000);
  const auto refused = judge_->refusal(expecting, 1000);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Code::Conflict);
}

}  // namespace
}  // namespace claviger::storage
