#include "storage/outbox.h"

#include <gtest/gtest.h>

#include <map>

#include "core/runtime/one_shot.h"
#include "storage/memory/memory_store.h"
#include "tests/storage/run_task.h"

namespace claviger::storage {
namespace {

constexpr TableId kOutbox{0};

// Writes down what it is given; answers as it is told for each id, at once or when released.
class Recorder final : public OutboxHandler {
 public:
  Task<Result<Unit>> handle(OutboxRow row) override {
    calls.push_back(row.id + "/" + std::to_string(row.attempts) + "@" + std::to_string(row.due - 1'700'000'000));
    if (is_holding) {
      runtime::OneShotPair<Unit> pair;
      held.push_back(std::move(pair.completer));
      co_await pair.waiter;
    }
    const auto failure = failures.find(row.id);
    if (failure == failures.end()) co_return Unit{};
    const Code code = failure->second.first;
    if (--failure->second.second == 0) failures.erase(failure);
    co_return Error{code, "test"};
  }
  void gave_up(const OutboxRow& row, const Error& error) override {
    given_up.push_back(row.id + "/" + std::string(name_of(error.code)));
  }
  std::string called() const {
    std::string all;
    for (const std::string& call : calls) all += (all.empty() ? "" : " ") + call;
    return all;
  }

  std::vector<std::string> calls;
  std::vector<std::string> given_up;
  std::map<std::string, std::pair<Code, int>> failures;  // by id: how, how often
  bool is_holding = false;
  std::vector<runtime::Completer<Unit>> held;
};

class OutboxTest : public ::testing::Test {
 protected:
  void SetUp() override { open({}); }
  void open(OutboxOptions options) {
    outbox_.reset();
    store_ = std::make_unique<memory::MemoryStore>(tables_, clock_, disk_);
    outbox_.emplace(shard_, *store_, kOutbox, recorder_, options);
  }
  void put(std::int64_t due_in, std::string_view id) {
    Transaction change;
    put_outbox_row(change, kOutbox, now() + due_in, id, as_bytes("payload"));
    ASSERT_TRUE(run_task(shard_, store_->commit(std::move(change))));
  }
  std::int64_t now() const { return numeric_date(clock_.wall()); }
  void turns(int count = 20) {
    shard_.run_until([count]() mutable { return count-- == 0; });
  }
  void start() {
    shard_.run_until([this, turn = 0]() mutable {
      if (turn++ == 1) outbox_->start();
      return turn > 20;
    });
  }
  void advance(Seconds by) {
    // A second at a time: the wheel and the poll see each.
    for (Seconds left = by; left.count() > 0; --left) {
      clock_.advance(Seconds(1));
      turns();
    }
  }
  std::size_t rows() { return run_task(shard_, store_->range(kOutbox, "", "", 100))->size(); }

  ManualClock clock_;
  Logger logger_;
  runtime::Shards shards_{1, clock_, logger_, SipKey{1, 2}};
  runtime::Shard& shard_{shards_[0]};
  std::vector<TableOptions> tables_{{"outbox", TableAccess::Ordered}};
  std::shared_ptr<memory::Disk> disk_ = std::make_shared<memory::Disk>();
  std::unique_ptr<memory::MemoryStore> store_;
  Recorder recorder_;
  std::optional<Outbox> outbox_;
};

TEST_F(OutboxTest, DoesWhatIsDueInOrderAndErasesIt) {
  put(0, "b");
  put(-5, "a");
  put(10, "later");
  start();
  EXPECT_EQ(recorder_.called(), "a/0@-5 b/0@0");
  EXPECT_EQ(rows(), 1U);
}

TEST_F(OutboxTest, WaitsForTheDueTime) {
  put(10, "later");
  start();
  advance(Seconds(9));
  EXPECT_EQ(recorder_.called(), "");
  advance(Seconds(2));
  EXPECT_EQ(recorder_.called(), "later/0@10");
  EXPECT_EQ(rows(), 0U);
}

TEST_F(OutboxTest, NoticesNewRowsByPollAndAtOnceWhenWoken) {
  start();
  put(0, "polled");
  turns();
  EXPECT_EQ(recorder_.called(), "");
  advance(Seconds(2));
  EXPECT_EQ(recorder_.called(), "polled/0@0");
  put(0, "woken");
  shard_.run_until([this, is_woken = false]() mutable {
    if (!std::exchange(is_woken, true)) outbox_->wake();
    return recorder_.calls.size() == 2;
  });
  EXPECT_EQ(recorder_.calls[1], "woken/0@2");
}

// A slow commit, and a clock that was set back: found, though not with each pass.
TEST_F(OutboxTest, ARowThatComesLateIsFound) {
  start();
  advance(Seconds(10));
  put(-2, "slow");
  advance(Seconds(2));
  EXPECT_EQ(recorder_.called(), "slow/0@8");
  put(-50, "set-back");
  advance(Seconds(6));
  EXPECT_EQ(recorder_.calls.back(), "set-back/0@-38");
  put(-5000, "of-old");
  advance(Seconds(62));
  EXPECT_EQ(recorder_.calls.size(), 3U);
  EXPECT_EQ(rows(), 0U);
}

TEST_F(OutboxTest, ARowThatComesLateIsFoundAfterTheClockWasSetBack) {
  start();
  advance(Seconds(10));
  clock_.set_wall(clock_.wall() - Seconds(3600));
  put(-10, "slow");
  advance(Seconds(2));
  EXPECT_EQ(recorder_.called(), "slow/0@-3600");
}

TEST_F(OutboxTest, TriesAgainWithGrowingPauses) {
  recorder_.failures["x"] = {Code::Unreachable, 3};
  put(0, "x");
  start();
  advance(Seconds(20));
  ASSERT_EQ(recorder_.calls.size(), 4U);
  EXPECT_EQ(recorder_.calls[0], "x/0@0");
  EXPECT_EQ(recorder_.calls[1].substr(0, 4), "x/1@");
  EXPECT_EQ(recorder_.calls[3].substr(0, 4), "x/3@");
  EXPECT_EQ(rows(), 0U);
  EXPECT_TRUE(recorder_.given_up.empty());
}

TEST_F(OutboxTest, GivesUpAfterTheLastAttempt) {
  OutboxOptions options;
  options.attempts_max = 3;
  open(options);
  recorder_.failures["x"] = {Code::Unreachable, 100};
  put(0, "x");
  start();
  advance(Seconds(20));
  EXPECT_EQ(recorder_.calls.size(), 3U);
  EXPECT_EQ(recorder_.given_up, std::vector<std::string>{"x/Unreachable"});
  EXPECT_EQ(rows(), 0U);
}

TEST_F(OutboxTest, NotPermittedIsNotTriedAgain) {
  recorder_.failures["x"] = {Code::NotPermitted, 1};
  put(0, "x");
  start();
  EXPECT_EQ(recorder_.given_up, std::vector<std::string>{"x/NotPermitted"});
  EXPECT_EQ(rows(), 0U);
}

TEST_F(OutboxTest, RunsNoMoreAtATimeThanAllowed) {
  OutboxOptions options;
  options.under_way_max = 2;
  open(options);
  recorder_.is_holding = true;
  for (const char* id : {"a", "b", "c", "d", "e"}) put(0, id);
  start();
  EXPECT_EQ(outbox_->under_way(), 2U);
  EXPECT_EQ(recorder_.calls.size(), 2U);
  while (rows() != 0) {
    shard_.run_until([held = std::exchange(recorder_.held, {}), is_done = false]() mutable {
      if (!std::exchange(is_done, true)) {
        for (auto& one : held) one.complete(Unit{});
        return false;
      }
      return true;
    });
    turns();
    EXPECT_LE(outbox_->under_way(), 2U);
  }
  EXPECT_EQ(recorder_.calls.size(), 5U);
}

TEST_F(OutboxTest, WhatIsUnderWayIsNotStartedTwice) {
  recorder_.is_holding = true;
  put(0, "x");
  start();
  advance(Seconds(5));
  EXPECT_EQ(recorder_.calls.size(), 1U);
}

TEST_F(OutboxTest, ARestartDoesAgainWhatWasUnderWay) {
  recorder_.is_holding = true;
  put(0, "x");
  start();
  EXPECT_EQ(recorder_.called(), "x/0@0");
  outbox_.reset();
  recorder_.held.clear();
  recorder_.is_holding = false;
  open({});
  start();
  EXPECT_EQ(recorder_.called(), "x/0@0 x/0@0");
  EXPECT_EQ(rows(), 0U);
}

TEST_F(OutboxTest, AFullDiskKeepsTheRowAndTriesLater) {
  put(0, "x");
  store_->set_full(true);
  start();
  EXPECT_EQ(recorder_.calls.size(), 1U);
  EXPECT_EQ(rows(), 1U);
  store_->set_full(false);
  advance(Seconds(3));
  EXPECT_EQ(recorder_.calls.size(), 2U);
  EXPECT_EQ(rows(), 0U);
}

TEST_F(OutboxTest, ATimerThatWasStoppedIsNotDone) {
  put(5, "timer");
  start();
  const auto row = run_task(shard_, store_->range(kOutbox, "", "", 1));
  Transaction stop;
  erase_outbox_row(stop, kOutbox, now() + 5, "timer", (*row)[0].value.version());
  ASSERT_TRUE(run_task(shard_, store_->commit(std::move(stop))));
  advance(Seconds(10));
  EXPECT_EQ(recorder_.called(), "");
}

TEST_F(OutboxTest, ABrokenRowIsDroppedAndTheOthersAreDone) {
  Transaction change;
  change.put(kOutbox, "short", as_bytes("?"));
  ASSERT_TRUE(run_task(shard_, store_->commit(std::move(change))));
  put(0, "x");
  start();
  advance(Seconds(120));  // the broken one sorts behind the window: only a full scan of all would see it
  EXPECT_EQ(recorder_.called(), "x/0@0");
}

TEST_F(OutboxTest, ABrokenRowInTheWindowIsDropped) {
  Transaction change;
  change.put(kOutbox, outbox_key(now(), "x"), as_bytes("?"));
  ASSERT_TRUE(run_task(shard_, store_->commit(std::move(change))));
  start();
  EXPECT_EQ(recorder_.called(), "");
  EXPECT_EQ(rows(), 0U);
}

TEST_F(OutboxTest, CloseLetsWhatIsUnderWayEnd) {
  recorder_.is_holding = true;
  put(0, "x");
  put(0, "y");
  start();
  put(0, "after");
  bool is_closed = false;
  shard_.run_until([this, &is_closed, turn = 0]() mutable {
    if (turn++ == 0) shard_.scope().spawn(note_end(outbox_->close(), &is_closed));
    if (turn == 10) {
      EXPECT_FALSE(is_closed);
      for (auto& one : std::exchange(recorder_.held, {})) one.complete(Unit{});
    }
    return is_closed;
  });
  EXPECT_EQ(recorder_.calls.size(), 2U);
  EXPECT_EQ(rows(), 1U);
}

}  // namespace
}  // namespace claviger::storage
