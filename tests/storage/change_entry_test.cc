#include "storage/change_entry.h"

#include <gtest/gtest.h>

namespace claviger::storage {
namespace {

// The example of the header.
TEST(ChangeEntry, HasTheDocumentedLayout) {
  EXPECT_EQ(change_key("users", 7, 1), std::string("users\0\0\0\0\0\0\0\0\7\0\0\0\1", 18));
  const auto change = decode_change("users", change_key("users", 7, 1), "\x02" "a/1");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->sequence, 7U);
  EXPECT_EQ(change->key, "a/1");
  EXPECT_TRUE(change->is_erased);
  EXPECT_FALSE(decode_change("users", change_key("users", 7, 1), "\x01")->is_erased);
}

TEST(ChangeEntry, KeysAreOrderedAndTablesApart) {
  EXPECT_LT(change_key("users", 7, 9), change_key("users", 8, 0));
  EXPECT_LT(change_key("users", 255, 0), change_key("users", 256, 0));
  EXPECT_LT(change_key("users", ~std::uint64_t{0}, ~std::uint32_t{0}), change_keys_end("users"));
  EXPECT_LT(change_keys_end("users"), change_key("users_x", 0, 0));
}

TEST(ChangeEntry, RefusesWhatDoesNotFollowTheGrammar) {
  const std::string key = change_key("users", 7, 1);
  EXPECT_TRUE(decode_change("users", key, "").failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_change("users", key, std::string(1, '\0')).failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_change("users", key, "\x03k").failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_change("users", key.substr(0, key.size() - 1), "\x01k").failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_change("users", key + "x", "\x01k").failed_with(Code::Corrupt));
}

}  // namespace
}  // namespace claviger::storage
