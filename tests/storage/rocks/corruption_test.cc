// What has rotted on disk is an error that names it, never a crash, never silence.
#include "tests/storage/rocks/raw_database.h"
#include "tests/storage/rocks/rocks_fixture.h"

namespace claviger::storage {
namespace {

class Corruption : public RocksFixture {
 protected:
  void SetUp() override { open(); }
  // The log of the store once it is closed and the logger's thread has written everything.
  std::string logged() {
    for (;;) {
      logger_.flush();
      const std::string text = read_bytes(log_file_);
      if (text.find("store.corrupt") != std::string::npos || text.find("store.log_rotten") != std::string::npos) return text;
      std::this_thread::yield();
    }
  }
  void put_raw(const std::string& family, const std::string& key, const std::string& value) {
    close();
    RawDatabase raw(path());
    rocksdb::WriteOptions synced;
    synced.sync = true;
    EXPECT_TRUE(raw.db().Put(synced, raw.family(family), key, value).ok());
  }
};

TEST_F(Corruption, ARottenBlockIsNamed) {
  ASSERT_TRUE(put(kPoint, "good", "value"));
  ASSERT_TRUE(put(kOrdered, "tenant/rotten", "a value that is easy to find"));
  close();
  open();  // the log is replayed into table files
  close();
  ASSERT_EQ(damage(path(), ".sst", "a value that is easy"), 1);
  open();
  const auto rotten = get(kOrdered, "tenant/rotten");
  EXPECT_TRUE(rotten.failed_with(Code::Corrupt));
  EXPECT_EQ(rotten.error().where, "ordered");
  EXPECT_TRUE(wait(store_->range(kOrdered, "", "", 10)).failed_with(Code::Corrupt));
  Transaction guarded;
  guarded.expect_absent(kOrdered, "tenant/rotten");
  guarded.put(kOrdered, "other", as_bytes("x"));
  EXPECT_TRUE(wait(store_->commit(std::move(guarded))).failed_with(Code::Corrupt));
  EXPECT_EQ(text(kPoint, "good"), "value");
  EXPECT_TRUE(put(kPoint, "more", "value"));
  const std::string log = logged();
  EXPECT_NE(log.find("table=\"ordered\""), std::string::npos) << log;
  EXPECT_NE(log.find("tenant/rotten"), std::string::npos) << log;
}

TEST_F(Corruption, AValueThatIsNoneOfOursIsNamed) {
  ASSERT_TRUE(put(kPoint, "good", "value"));
  put_raw("point", "short", "x");
  put_raw("point", "strange", std::string(20, '\7'));
  put_raw("ordered", "empty", "");
  open();
  for (const char* key : {"short", "strange"}) {
    EXPECT_TRUE(get(kPoint, key).failed_with(Code::Corrupt)) << key;
    Transaction guarded;
    guarded.expect_absent(kPoint, key);
    EXPECT_TRUE(wait(store_->commit(std::move(guarded))).failed_with(Code::Corrupt)) << key;
  }
  EXPECT_TRUE(wait(store_->range(kOrdered, "", "", 10)).failed_with(Code::Corrupt));
  EXPECT_EQ(text(kPoint, "good"), "value");
  EXPECT_NE(logged().find("short"), std::string::npos);
  // Writing over it, or erasing it, heals.
  EXPECT_TRUE(put(kPoint, "short", "new"));
  EXPECT_EQ(text(kPoint, "short"), "new");
}

TEST_F(Corruption, ARottenLogIsNotTakenForATornOne) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put(kPoint, "key", "commit number " + std::to_string(100 + i)));
  close();
  ASSERT_EQ(damage(path(), ".log", "commit number 105"), 1);
  const auto opened = try_open();
  EXPECT_TRUE(opened.failed_with(Code::Corrupt));
  EXPECT_NE(logged().find(".log"), std::string::npos);
  ASSERT_EQ(damage(path(), ".log", "commit number 005"), 0);
}

TEST_F(Corruption, ATornLogOpensWithWhatStandsBeforeIt) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put(kPoint, "key", "commit number " + std::to_string(100 + i)));
  close();
  ASSERT_EQ(damage(path(), ".log", "commit number 119"), 1);
  open();
  EXPECT_EQ(text(kPoint, "key"), "commit number 118");
  EXPECT_EQ(store_->latest_sequence(), 19U);
}

TEST_F(Corruption, AMissingTableFileIsAnErrorAtOpen) {
  ASSERT_TRUE(put(kPoint, "key", "value"));
  flush();
  close();
  for (const std::string& file : files_of(path(), ".sst")) std::filesystem::remove(file);
  EXPECT_FALSE(try_open());
}

TEST_F(Corruption, ABrokenManifestIsAnErrorAtOpen) {
  close();
  write_bytes(path() + "/CURRENT", "MANIFEST-999999\n");
  EXPECT_FALSE(try_open());
}

TEST_F(Corruption, BrokenBooksOfTheStoreItselfAreErrorsAtOpen) {
  ASSERT_TRUE(put(kPoint, "key", "value"));
  put_raw("default", "sequence", "short");
  EXPECT_TRUE(try_open().failed_with(Code::Corrupt));
  put_raw("default", "sequence", std::string(16, '\1'));
  put_raw("default", std::string("mark\0x", 6), "short");
  EXPECT_TRUE(try_open().failed_with(Code::Corrupt));
}

TEST_F(Corruption, ALaterFormatIsTooNew) {
  put_raw("default", "format", std::string("\0\2", 2));
  EXPECT_TRUE(try_open().failed_with(Code::SchemaTooNew));
}

TEST_F(Corruption, ABrokenChangeFeedIsAnError) {
  auto with = options();
  with.tables.push_back({"tracked", TableAccess::Ordered, true, 3600});
  ASSERT_TRUE(try_open(with));
  put_raw("#changes", std::string("tracked\0\0\0\0\0\0\0\0\5\0\0\0\0", 20), "?");
  ASSERT_TRUE(try_open(with));
  EXPECT_TRUE(wait(store_->changes(TableId{3}, 1, 10)).failed_with(Code::Corrupt));
}

}  // namespace
}  // namespace claviger::storage
