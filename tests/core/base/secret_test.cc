#include "core/base/secret.h"

#include <gtest/gtest.h>

#include <array>

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

// By words and what is left of them, wherever either begins: each octet counts, and none beside them.
TEST(ConstantTime, SeesEachBitOfEachOctetAndNothingElse) {
  constexpr std::size_t kLengthMax = 64, kWord = 8;
  for (std::size_t length = 0; length <= kLengthMax; ++length) {
    for (std::size_t offset = 0; offset < kWord; ++offset) {
      std::array<std::byte, kLengthMax + 2 * kWord> left{};
      std::array<std::byte, kLengthMax + 2 * kWord> right{};
      left.fill(std::byte{0xAA});
      right.fill(std::byte{0x55});
      const Bytes one = Bytes(left).subspan(offset, length);
      const MutableBytes other = MutableBytes(right).subspan(kWord - 1 - offset, length);
      for (std::size_t i = 0; i < length; ++i) other[i] = left[offset + i] = static_cast<std::byte>(i * 37 + 11);
      EXPECT_TRUE(equals_constant_time(one, other)) << length << " at " << offset;
      for (std::size_t i = 0; i < length; ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
          other[i] ^= std::byte{1} << bit;
          EXPECT_FALSE(equals_constant_time(one, other)) << length << " at " << offset << ", octet " << i;
          other[i] ^= std::byte{1} << bit;
        }
      }
      EXPECT_FALSE(equals_constant_time(one, MutableBytes(right).first(length + 1))) << length;
    }
  }
}

TEST(SecretBytes, MoveLeavesNothingBehind) {
  SecretBytes first(as_bytes("k"));
  SecretBytes second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.size(), 1U);
}

}  // namespace
}  // namespace claviger
