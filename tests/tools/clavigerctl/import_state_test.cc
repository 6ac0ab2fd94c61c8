#include "tools/clavigerctl/import/import_state.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/storage/temp_directory.h"

namespace claviger::ctl {
namespace {

ImportState some_state() {
  ImportState state;
  state.tenant = "alpha";
  state.input_digest = std::string(64, 'a');
  state.input_bytes = 1000;
  state.offset = 500;
  state.line = 17;
  state.good = 14;
  state.bad = 2;
  return state;
}

TEST(ImportState, IsWrittenAndReadBack) {
  const storage::TempDirectory directory;
  const std::string file = directory.path() + "/people.csv.import-state";
  const auto none = load_import_state(file);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  ASSERT_TRUE(save_import_state(file, some_state()));
  const auto loaded = load_import_state(file);
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ((*loaded)->offset, 500U);
  EXPECT_EQ((*loaded)->line, 17U);
  EXPECT_EQ((*loaded)->good, 14U);
  EXPECT_EQ((*loaded)->bad, 2U);
  EXPECT_TRUE((*loaded)->is_of_same_input(some_state()));
  remove_import_state(file);
  const auto gone = load_import_state(file);
  ASSERT_TRUE(gone);
  EXPECT_FALSE(*gone);
}

TEST(ImportState, RefusesDamage) {
  const std::string good = encode_import_state(some_state());
  ASSERT_TRUE(decode_import_state(good));
  for (std::size_t size = 0; size + 2 < good.size(); ++size) EXPECT_FALSE(decode_import_state(good.substr(0, size))) << size;
  EXPECT_FALSE(decode_import_state("{}"));
  EXPECT_TRUE(decode_import_state(R"({"version":2})").failed_with(Code::SchemaTooNew));
  ImportState beyond = some_state();
  beyond.offset = 1001;
  EXPECT_FALSE(decode_import_state(encode_import_state(beyond)));
}

TEST(ImportState, KnowsItsInput) {
  const storage::TempDirectory directory;
  const std::string file = directory.path() + "/a";
  std::ofstream(file) << "login\nalice\n";
  const auto first = digest_of_beginning(file);
  std::ofstream(file) << "login\nalicf\n";
  const auto second = digest_of_beginning(file);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_FALSE(digest_of_beginning(directory.path() + "/none"));
}

}  // namespace
}  // namespace claviger::ctl
