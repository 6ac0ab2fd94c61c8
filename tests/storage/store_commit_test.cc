// Commits, on both engines: versions, expectations, batches, bounds.
#include "tests/storage/store_harness.h"

namespace claviger::storage {
namespace {

template <typename Engine>
class StoreCommit : public StoreHarness<Engine> {};
TYPED_TEST_SUITE(StoreCommit, Engines);

TYPED_TEST(StoreCommit, TheVersionIsTheCommitsSequence) {
  const auto first = this->put(kPoint, "a", "1");
  const auto second = this->put(kPoint, "b", "2");
  ASSERT_TRUE(first && second);
  EXPECT_GT(first->sequence, 0U);
  EXPECT_GT(second->sequence, first->sequence);
  EXPECT_EQ(this->get(kPoint, "a")->version(), first->sequence);
  EXPECT_EQ(this->get(kPoint, "b")->version(), second->sequence);
  EXPECT_EQ(this->store_->latest_sequence(), second->sequence);
}

TYPED_TEST(StoreCommit, ErasedIsAbsentAndErasingTheAbsentIsFine) {
  ASSERT_TRUE(this->put(kPoint, "a", "1"));
  ASSERT_TRUE(this->erase(kPoint, "a"));
  ASSERT_TRUE(this->erase(kPoint, "never"));
  EXPECT_EQ(this->get(kPoint, "a").error().code, Code::NotFound);
}

TYPED_TEST(StoreCommit, TheLastWriteOfATransactionWins) {
  Transaction change;
  change.put(kPoint, "a", as_bytes("1"));
  change.erase(kPoint, "a");
  change.put(kPoint, "a", as_bytes("2"));
  change.put(kPoint, "b", as_bytes("1"));
  change.erase(kPoint, "b");
  ASSERT_TRUE(this->commit(std::move(change)));
  EXPECT_EQ(this->text(kPoint, "a"), "2");
  EXPECT_EQ(this->text(kPoint, "b"), "NotFound");
}

TYPED_TEST(StoreCommit, TablesAreApart) {
  ASSERT_TRUE(this->put(kPoint, "a", "point"));
  ASSERT_TRUE(this->put(kOrdered, "a", "ordered"));
  EXPECT_EQ(this->text(kPoint, "a"), "point");
  EXPECT_EQ(this->text(kOrdered, "a"), "ordered");
}

TYPED_TEST(StoreCommit, ExpectationsGuard) {
  Transaction create;
  create.expect_absent(kPoint, "a");
  create.put(kPoint, "a", as_bytes("1"));
  Transaction again = create;
  const auto created = this->commit(std::move(create));
  ASSERT_TRUE(created);
  EXPECT_EQ(this->commit(std::move(again)).error().code, Code::Conflict);

  Transaction change;
  change.expect_version(kPoint, "a", created->sequence);
  change.put(kPoint, "a", as_bytes("2"));
  Transaction stale = change;
  ASSERT_TRUE(this->commit(std::move(change)));
  EXPECT_EQ(this->commit(std::move(stale)).error().code, Code::Conflict);
  EXPECT_EQ(this->text(kPoint, "a"), "2");

  Transaction of_absent;
  of_absent.expect_version(kPoint, "never", 1);
  EXPECT_EQ(this->commit(std::move(of_absent)).error().code, Code::Conflict);
  EXPECT_EQ(this->store_->figures().conflicts, 3U);
}

TYPED_TEST(StoreCommit, AConflictWritesNothing) {
  ASSERT_TRUE(this->put(kPoint, "taken", "1"));
  Transaction change;
  change.put(kPoint, "x", as_bytes("1"));
  change.put(kTracked, "y", as_bytes("1"));
  change.expect_absent(kPoint, "x");
  change.expect_absent(kPoint, "taken");
  EXPECT_EQ(this->commit(std::move(change)).error().code, Code::Conflict);
  EXPECT_EQ(this->text(kPoint, "x"), "NotFound");
  EXPECT_EQ(this->text(kTracked, "y"), "NotFound");
  EXPECT_TRUE(this->changes(kTracked, 1)->changes.empty());
}

TYPED_TEST(StoreCommit, ExpectationsSeeEarlierTransactionsOfTheirBatch) {
  ASSERT_TRUE(this->put(kPoint, "gone", "1"));
  const auto held = this->put(kPoint, "held", "1");
  std::vector<Transaction> together(5);
  together[0].expect_absent(kPoint, "a");
  together[0].put(kPoint, "a", as_bytes("first"));
  together[1].expect_absent(kPoint, "a");
  together[1].put(kPoint, "a", as_bytes("second"));
  together[2].erase(kPoint, "gone");
  together[2].put(kPoint, "held", as_bytes("2"));
  together[3].expect_absent(kPoint, "gone");
  together[3].put(kPoint, "gone", as_bytes("back"));
  together[4].expect_version(kPoint, "held", held->sequence);
  together[4].put(kPoint, "held", as_bytes("3"));
  const auto results = this->commit_together(std::move(together));
  EXPECT_TRUE(results[0]);
  EXPECT_EQ(results[1].error().code, Code::Conflict);
  EXPECT_TRUE(results[2]);
  EXPECT_TRUE(results[3]);
  EXPECT_EQ(results[4].error().code, Code::Conflict);
  EXPECT_EQ(this->text(kPoint, "a"), "first");
  EXPECT_EQ(this->text(kPoint, "gone"), "back");
  EXPECT_EQ(this->text(kPoint, "held"), "2");
  EXPECT_EQ(this->get(kPoint, "gone")->version(), results[3]->sequence);
}

TYPED_TEST(StoreCommit, AConflictInABatchLeavesNoTraceForThoseBehindIt) {
  ASSERT_TRUE(this->put(kPoint, "taken", "1"));
  std::vector<Transaction> together(2);
  together[0].expect_absent(kPoint, "taken");
  together[0].put(kPoint, "x", as_bytes("1"));
  together[1].expect_absent(kPoint, "x");
  together[1].put(kPoint, "x", as_bytes("2"));
  const auto results = this->commit_together(std::move(together));
  EXPECT_EQ(results[0].error().code, Code::Conflict);
  EXPECT_TRUE(results[1]);
  EXPECT_EQ(this->text(kPoint, "x"), "2");
}

TYPED_TEST(StoreCommit, ExpectationsAloneAreJudgedAndUseNoSequence) {
  const auto put = this->put(kPoint, "a", "1");
  Transaction holds;
  holds.expect_version(kPoint, "a", put->sequence);
  EXPECT_EQ(this->commit(std::move(holds))->sequence, put->sequence);
  Transaction fails;
  fails.expect_absent(kPoint, "a");
  EXPECT_EQ(this->commit(std::move(fails)).error().code, Code::Conflict);
  EXPECT_EQ(this->commit(Transaction())->sequence, put->sequence);
  EXPECT_EQ(this->store_->latest_sequence(), put->sequence);
}

TYPED_TEST(StoreCommit, AFullQueueIsOverloadAndTheOthersAreCommitted) {
  std::vector<Transaction> together(this->kQueueMax + 3);
  for (std::size_t i = 0; i < together.size(); ++i) {
    together[i].put(kPoint, "k" + std::to_string(i), as_bytes("v"));
  }
  const auto results = this->commit_together(std::move(together));
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i < this->kQueueMax) {
      EXPECT_TRUE(results[i]);
      EXPECT_EQ(this->text(kPoint, "k" + std::to_string(i)), "v");
    } else {
      EXPECT_EQ(results[i].error().code, Code::Overload);
      EXPECT_EQ(this->text(kPoint, "k" + std::to_string(i)), "NotFound");
    }
  }
  EXPECT_TRUE(this->put(kPoint, "later", "v"));
}

TYPED_TEST(StoreCommit, TooLargeIsRefused) {
  Transaction many;
  for (std::size_t i = 0; i <= Transaction::kOperationsMax; ++i) many.erase(kPoint, "k");
  EXPECT_EQ(this->commit(std::move(many)).error().code, Code::TooLarge);
  Transaction heavy;
  const std::string big(Transaction::kBytesMax, 'x');
  heavy.put(kPoint, "k", as_bytes(big));
  EXPECT_EQ(this->commit(std::move(heavy)).error().code, Code::TooLarge);
  Transaction long_key;
  long_key.put(kPoint, std::string(Transaction::kKeyBytesMax + 1, 'k'), as_bytes("v"));
  EXPECT_EQ(this->commit(std::move(long_key)).error().code, Code::TooLarge);
}

TYPED_TEST(StoreCommit, TheLargestPasses) {
  Transaction many;
  for (std::size_t i = 0; i < Transaction::kOperationsMax; ++i) many.put(kPoint, std::to_string(i), as_bytes("v"));
  EXPECT_TRUE(this->commit(std::move(many)));
  EXPECT_EQ(this->text(kPoint, std::to_string(Transaction::kOperationsMax - 1)), "v");
}

Task<void> commit_and_note(Store* store, Transaction transaction, bool* is_answered) {
  const auto result = co_await store->commit(std::move(transaction));
  *is_answered = result.has_value();
}

TYPED_TEST(StoreCommit, DroppingTheAskerDoesNotUndoTheCommit) {
  bool is_answered = false;
  this->process_->call([&] {
    Transaction change;
    change.put(kPoint, "a", as_bytes("1"));
    runtime::Scope scope;
    scope.spawn(commit_and_note(this->store_.get(), std::move(change), &is_answered));
    scope.cancel();
  });
  ASSERT_TRUE(this->put(kPoint, "behind it", "1"));
  EXPECT_FALSE(is_answered);
  EXPECT_EQ(this->text(kPoint, "a"), "1");
}

TYPED_TEST(StoreCommit, AnAskerThatNeverSubmittedCommitsNothing) {
  {
    Transaction change;
    change.put(kPoint, "a", as_bytes("1"));
    const auto never_awaited = this->store_->commit(std::move(change));
  }
  EXPECT_EQ(this->text(kPoint, "a"), "NotFound");
}

TYPED_TEST(StoreCommit, SequencesGoOnAfterARestart) {
  ASSERT_TRUE(this->put(kPoint, "a", "1"));
  const auto erased = this->erase(kPoint, "a");
  this->reopen();
  EXPECT_EQ(this->store_->latest_sequence(), erased->sequence);
  const auto after = this->put(kPoint, "a", "2");
  EXPECT_GT(after->sequence, erased->sequence);
  this->reopen();
  EXPECT_EQ(this->get(kPoint, "a")->version(), after->sequence);
}

TYPED_TEST(StoreCommit, HealthAndFiguresTell) {
  ASSERT_TRUE(this->put(kPoint, "a", "1"));
  EXPECT_TRUE(this->store_->health().can_write);
  EXPECT_EQ(this->store_->figures().commits, 1U);
  EXPECT_EQ(this->store_->figures().batches, 1U);
}

}  // namespace
}  // namespace claviger::storage
