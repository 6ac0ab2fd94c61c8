#include "broker/tokens/verifier/name_hash.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace claviger::tokens {
namespace {

NameHash hash(std::uint64_t seed) {
  Secret<crypto::kUniversalHashKeyBytes> key;
  std::mt19937_64 random(seed);
  for (std::byte& byte : key.reveal_for_writing()) byte = static_cast<std::byte>(random());
  return NameHash(key);
}

TEST(NameHash, TellsDomainScopeAndNameApart) {
  const NameHash names = hash(1);
  EXPECT_EQ(names(1, 2, "a"), names(1, 2, "a"));
  EXPECT_NE(names(1, 2, "a"), names(2, 2, "a"));
  EXPECT_NE(names(1, 2, "a"), names(1, 3, "a"));
  EXPECT_NE(names(1, 2, "a"), names(1, 2, "b"));
  EXPECT_NE(names(1, 2, "a"), names(1, 2, std::string_view("a\0", 2)));
  EXPECT_NE(names(1, 2, ""), names(1, 2, std::string_view("\0", 1)));
  EXPECT_NE(names(1, 2, "a"), hash(2)(1, 2, "a"));
}

TEST(NameHash, SpreadsNamesThatHardlyDiffer) {
  const NameHash names = hash(3);
  std::set<std::uint64_t> all;
  std::set<std::uint32_t> low_halves;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t digest = names(1, 7, "user-" + std::to_string(i));
    all.insert(digest);
    low_halves.insert(static_cast<std::uint32_t>(digest));
  }
  EXPECT_EQ(all.size(), 20'000u);
  EXPECT_GT(low_halves.size(), 19'990u);
}

TEST(NameHash, ItsBoundIsOurs) {
  const NameHash names = hash(4);
  EXPECT_NE(names(0, 0, std::string(NameHash::kNameMax, 'x')), 0u);
  EXPECT_DEATH(names(0, 0, std::string(NameHash::kNameMax + 1, 'x')), "kNameMax");
}

}  // namespace
}  // namespace claviger::tokens
