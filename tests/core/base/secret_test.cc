#include "core/base/secret.h"

#include <gtest/gtest.h>

namespace claviger {
namespace {

TEST(Secret, TheMovedFromIsWiped) {
  Secret<4> first(std::span<const std::byte, 4>(as_bytes("abcd")));
  const Secret<4> second(std::move(first));
  EXPECT_TRUE(second.equals(as_bytes("abcd")));
  EXPECT_TRUE(first.equals(as_bytes(std::string_view("\0\0\0\0", 4))));  // NOLINT(bugprone-use-after-move)
}

TEST(SecretBytes, ComparesLengthAndContent) {
  const SecretBytes secret(as_bytes("open sesame"));
  EXPECT_TRUE(secret.equals(as_bytes("open sesame")));
  EXPECT_FALSE(secret.equals(as_bytes("open sesamf")));
  EXPECT_FALSE(secret.equals(as_bytes("open sesam")));
  EXPECT_TRUE(SecretBytes().equals({}));
}

TEST(SecretBytes, MoveLeavesNothingBehind) {
  SecretBytes first(as_bytes("k"));
  SecretBytes second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.size(), 1U);
}

}  // namespace
}  // namespace claviger
