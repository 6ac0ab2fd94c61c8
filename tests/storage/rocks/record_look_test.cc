#include "storage/rocks/record_look.h"

#include <filesystem>
#include <set>

#include "tests/storage/rocks/rocks_fixture.h"

namespace claviger::storage {
namespace {

using RecordLook = RocksFixture;

std::set<std::string> files_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(folder)) names.insert(each.path().filename());
  return names;
}

TEST_F(RecordLook, WhileTheStoreIsOpenAndAfterwards) {
  EXPECT_TRUE(rocks::has_record(path(), "ordered", "key").failed_with(Code::NotFound)) << "no store yet";
  open();
  ASSERT_TRUE(put(kOrdered, "key", "value"));
  for (const bool is_open : {true, false}) {
    if (!is_open) close();
    const auto before = files_in(path());
    const auto present = rocks::has_record(path(), "ordered", "key");
    ASSERT_TRUE(present) << is_open;
    EXPECT_TRUE(*present) << is_open;
    const auto absent = rocks::has_record(path(), "ordered", "ke");
    ASSERT_TRUE(absent) << is_open;
    EXPECT_FALSE(*absent) << is_open;
    EXPECT_TRUE(rocks::has_record(path(), "of_later", "key").failed_with(Code::NotFound));
    // An open store tidies up by itself.
    if (is_open) continue;
    EXPECT_EQ(files_in(path()), before) << "nothing is written";
  }
  open();
  EXPECT_EQ(text(kOrdered, "key"), "value");
}

TEST_F(RecordLook, AllOfATableAsItWasPut) {
  open();
  ASSERT_TRUE(put(kOrdered, "a", "first"));
  ASSERT_TRUE(put(kOrdered, "b", "second"));
  const auto all = rocks::read_records(path(), "ordered", 2);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].key, "a");
  EXPECT_EQ((*all)[1].payload, "second");
  EXPECT_TRUE(rocks::read_records(path(), "ordered", 1).failed_with(Code::TooMany));
  EXPECT_TRUE(rocks::read_records(path(), "of_later", 1).failed_with(Code::NotFound));
}

}  // namespace
}  // namespace claviger::storage
