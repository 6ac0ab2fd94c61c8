#include "storage/rocks/backup.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include "tests/storage/rocks/raw_database.h"
#include "tests/storage/rocks/rocks_fixture.h"

namespace claviger::storage {
namespace {

class Backup : public RocksFixture {
 protected:
  void SetUp() override {
    open();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(put(kOrdered, "key" + std::to_string(i), "value that can be found"));
  }
  std::string backup() const { return directory_.path() + "/backup"; }
  std::string restored() const { return directory_.path() + "/restored"; }
};

TEST_F(Backup, IsTakenOnlineAndStartsAsAStore) {
  ASSERT_TRUE(store_->checkpoint(backup()));
  ASSERT_TRUE(put(kOrdered, "key0", "later"));
  ASSERT_TRUE(put(kOrdered, "new", "later"));
  const auto verified = rocks::verify_copy(backup(), logger_);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->sequence, 100U);

  const auto copied = rocks::restore(backup(), restored(), logger_);
  ASSERT_TRUE(copied);
  EXPECT_EQ(copied->sequence, 100U);
  auto with = options();
  with.directory = restored();
  ASSERT_TRUE(try_open(with));
  EXPECT_EQ(store_->latest_sequence(), 100U);
  EXPECT_EQ(text(kOrdered, "key0"), "value that can be found");
  EXPECT_EQ(text(kOrdered, "new"), "NotFound");
  EXPECT_TRUE(put(kOrdered, "new", "x"));
  // What the restored store writes does not reach the backup it came from.
  close();
  EXPECT_EQ(rocks::verify_copy(backup(), logger_)->sequence, 100U);
}

TEST_F(Backup, OthersCannotReadIt) {
  ASSERT_TRUE(store_->checkpoint(backup()));
  const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  EXPECT_EQ(std::filesystem::status(backup()).permissions() & others, std::filesystem::perms::none);
  EXPECT_EQ(std::filesystem::status(path()).permissions() & others, std::filesystem::perms::none);
}

// A folder that changed its owner or went away beneath the copy: here it is in memory, and no file system call finds it.
TEST_F(Backup, ACopyThatCannotBeMadePrivateIsAnErrorAndNoException) {
  const std::unique_ptr<rocksdb::Env> memory(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  rocksdb::Options options;
  options.create_if_missing = true;
  options.env = memory.get();
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, directory_.path() + "/memory", &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  ASSERT_TRUE(db->Put({}, "key", "value").ok());
  EXPECT_TRUE(rocks::make_checkpoint(*db, directory_.path() + "/copy", logger_).failed_with(Code::Io));
}

TEST_F(Backup, ADirectoryThatIsThereIsNotOverwritten) {
  ASSERT_TRUE(store_->checkpoint(backup()));
  EXPECT_FALSE(store_->checkpoint(backup()));
  EXPECT_TRUE(rocks::restore(backup(), path(), logger_).failed_with(Code::Duplicate));
  EXPECT_FALSE(store_->checkpoint(directory_.path() + "/no/such/folder"));
}

TEST_F(Backup, ARottenOneIsFoundAndNotRestored) {
  flush();
  ASSERT_TRUE(store_->checkpoint(backup()));
  close();
  ASSERT_GE(damage(backup(), ".sst", "that can be found"), 1);
  EXPECT_TRUE(rocks::verify_copy(backup(), logger_).failed_with(Code::Corrupt));
  EXPECT_TRUE(rocks::restore(backup(), restored(), logger_).failed_with(Code::Corrupt));
  EXPECT_FALSE(std::filesystem::exists(restored()));
}

TEST_F(Backup, AnIncompleteOneIsFound) {
  flush();
  ASSERT_TRUE(store_->checkpoint(backup()));
  std::filesystem::remove(files_of(backup(), ".sst").front());
  EXPECT_FALSE(rocks::verify_copy(backup(), logger_));
  EXPECT_FALSE(rocks::verify_copy(directory_.path() + "/none", logger_));
}

TEST_F(Backup, WhatARestoreThatWasCutOffLeftIsReplaced) {
  ASSERT_TRUE(store_->checkpoint(backup()));
  std::filesystem::create_directory(restored() + ".partial");
  write_bytes(restored() + ".partial/rubbish", "x");
  ASSERT_TRUE(rocks::restore(backup(), restored(), logger_));
  EXPECT_FALSE(std::filesystem::exists(restored() + "/rubbish"));
  EXPECT_FALSE(std::filesystem::exists(restored() + ".partial"));
}

}  // namespace
}  // namespace claviger::storage
