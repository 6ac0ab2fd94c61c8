// Full and failing disks: commits answer it, reads serve, health tells, nothing acknowledged is lost.
#include "tests/storage/rocks/faulty_rocks.h"

namespace claviger::storage {
namespace {

class Disk : public FaultyRocks {
 protected:
  Result<Committed> put(std::string_view key) {
    Transaction change;
    change.put(Books::kJournal, key, as_bytes("x"));
    return process_->run(store_->commit(std::move(change)));
  }
};

TEST_F(Disk, WhenItIsFullWritesFailReadsServeAndItRecovers) {
  start_clerks(8, 1);
  wait_for_more(200);
  file_system_->set_full(true);
  spin_until([&] { return books_->failures() >= 50; });
  EXPECT_FALSE(store_->health().can_write);
  EXPECT_EQ(store_->health().why, "no space");
  EXPECT_TRUE(put("refused").failed_with(Code::NoSpace));
  EXPECT_TRUE(process_->run(store_->get(Books::kAccounts, "account/100")));
  EXPECT_TRUE(process_->run(store_->get(Books::kJournal, "refused")).failed_with(Code::NotFound));

  file_system_->set_full(false);
  wait_for_more(200);
  EXPECT_TRUE(store_->health().can_write);
  process_->call([&] { books_->stop(); });
  spin_until([&] { return books_->clerks() == 0; });
  EXPECT_EQ(audit_now(), "");
  close();
  open();
  EXPECT_EQ(audit_now(), "");
}

TEST_F(Disk, RecoversThoughNobodyWrites) {
  file_system_->set_full(true);
  EXPECT_TRUE(put("refused").failed_with(Code::NoSpace));
  EXPECT_FALSE(store_->health().can_write);
  file_system_->set_full(false);
  spin_until([&] { return store_->health().can_write; });
  EXPECT_TRUE(put("taken"));
}

TEST_F(Disk, FillsAndDiesAndTheBooksBalance) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  start_clerks(8, 1);
  wait_for_more(200);
  file_system_->set_full(true);
  spin_until([&] { return books_->failures() >= 20; });
  file_system_->set_full(false);
  lose_power();
  EXPECT_EQ(audit_now(), "");
}

// After a sync that failed nobody knows what the medium holds: no write is taken any more, a restart reads what is there.
TEST_F(Disk, AFailedSyncIsAnErrorAndStaysOne) {
  start_clerks(8, 1);
  wait_for_more(200);
  file_system_->fail_log_syncs(true);
  spin_until([&] { return books_->failures() >= 20; });
  file_system_->fail_log_syncs(false);
  EXPECT_FALSE(store_->health().can_write);
  EXPECT_EQ(store_->health().why, "write failed");
  EXPECT_TRUE(put("refused").failed_with(Code::Io));
  EXPECT_TRUE(process_->run(store_->get(Books::kAccounts, "account/100")));
  lose_power();
  EXPECT_EQ(audit_now(), "");
}

}  // namespace
}  // namespace claviger::storage
