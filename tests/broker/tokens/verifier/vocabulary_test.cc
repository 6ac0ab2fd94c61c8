#include "broker/tokens/verifier/vocabulary.h"

#include <gtest/gtest.h>

namespace claviger::tokens {
namespace {

TEST(Vocabulary, GivesEachNameItsBit) {
  Vocabulary vocabulary(64);
  const auto a = vocabulary.learn("a");
  const auto b = vocabulary.learn("b");
  ASSERT_TRUE(a && b);
  EXPECT_NE(*a, *b);
  EXPECT_EQ(vocabulary.learn("a"), a);
  EXPECT_EQ(vocabulary.bit_of("a"), *a);
  EXPECT_EQ(vocabulary.bit_of("c"), 0u);
  EXPECT_EQ(vocabulary.bit_of(""), 0u);
}

TEST(Vocabulary, ReadsListsByWholeNames) {
  Vocabulary vocabulary(64);
  const std::uint64_t a = *vocabulary.learn("abc");
  const std::uint64_t b = *vocabulary.learn("b");
  EXPECT_EQ(vocabulary.bits_of("abc"), a);
  EXPECT_EQ(vocabulary.bits_of("x abc  b y"), a | b);
  EXPECT_EQ(vocabulary.bits_of("abcd ab bb"), 0u);
  EXPECT_EQ(vocabulary.bits_of(""), 0u);
  EXPECT_EQ(vocabulary.bits_of(" "), 0u);
}

TEST(Vocabulary, StopsAtItsBound) {
  Vocabulary vocabulary(64);
  std::uint64_t all = 0;
  for (int i = 0; i < 64; ++i) all |= vocabulary.learn(std::to_string(i)).value();
  EXPECT_EQ(all, ~std::uint64_t{0});
  EXPECT_FALSE(vocabulary.learn("one too many"));
  EXPECT_TRUE(vocabulary.learn("63"));
}

}  // namespace
}  // namespace claviger::tokens
