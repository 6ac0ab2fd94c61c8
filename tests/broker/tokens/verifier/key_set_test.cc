#include "broker/tokens/verifier/key_set.h"

#include <gtest/gtest.h>

#include "tests/broker/tokens/verifier/example_tokens.h"

namespace claviger::tokens {
namespace {

TEST(KeySet, FindsKeysByTheirExactNames) {
  Mint a;
  Mint b;
  const auto set = key_set("i", {b.jwk("beta"), a.jwk("alpha"), a.jwk("alpha2")});
  EXPECT_EQ(set->find("alpha")->key.thumbprint(), a.kid());
  EXPECT_EQ(set->find("beta")->key.thumbprint(), b.kid());
  EXPECT_EQ(set->find("alph"), nullptr);
  EXPECT_EQ(set->find("alpha "), nullptr);
  EXPECT_EQ(set->find(""), nullptr);
  EXPECT_EQ(set->find(std::string_view("alpha\0", 6)), nullptr);
  EXPECT_EQ(set->keys().size(), 3u);
}

TEST(KeySet, MayBeEmpty) {
  const auto set = key_set("i", {});
  EXPECT_EQ(set->find("x"), nullptr);
}

TEST(KeySet, IsRefusedWhole) {
  Mint mint;
  EXPECT_TRUE(KeySet::make("", {}).failed_with(Code::BadValue));
  EXPECT_TRUE(KeySet::make(std::string(513, 'i'), {}).failed_with(Code::BadValue));
  EXPECT_TRUE(KeySet::make("i", {{"", mint.verify_key()}}).failed_with(Code::BadValue));
  EXPECT_TRUE(KeySet::make("i", {{std::string(129, 'k'), mint.verify_key()}}).failed_with(Code::BadValue));
  EXPECT_TRUE(KeySet::make("i", {mint.jwk(), mint.jwk()}).failed_with(Code::Duplicate));
  std::vector<crypto::Jwk> many;
  for (std::size_t i = 0; i <= crypto::kJwksKeysMax; ++i) many.push_back(mint.jwk(std::to_string(i)));
  EXPECT_TRUE(KeySet::make("i", many).failed_with(Code::TooMany));
  many.pop_back();
  EXPECT_TRUE(KeySet::make("i", many));
}

TEST(KeySet, IsReadFromAJwks) {
  Mint es256;
  Mint eddsa(crypto::SignatureAlgorithm::EdDsa);
  const std::vector<crypto::Jwk> keys{es256.jwk(), eddsa.jwk()};
  const auto set = KeySet::from_jwks("i", crypto::write_jwks(keys));
  ASSERT_TRUE(set);
  EXPECT_EQ((*set)->find(es256.kid())->key.thumbprint(), es256.kid());
  EXPECT_EQ((*set)->find(eddsa.kid())->key.thumbprint(), eddsa.kid());
  EXPECT_FALSE(KeySet::from_jwks("i", "{"));
  EXPECT_FALSE(KeySet::from_jwks("i", "{}"));
}

TEST(KeySet, TablesSurviveARefresh) {
  Mint kept;
  Mint other;
  const auto first = key_set("i", {kept.jwk()});
  EXPECT_TRUE(first->find(kept.kid())->key.wants_table());
  const auto table = kept.verify_key().build_table();
  ASSERT_TRUE(table);
  const auto second = first->with_table(kept.kid(), *table);
  ASSERT_TRUE(second);
  EXPECT_TRUE((*second)->find(kept.kid())->key.has_table());
  EXPECT_FALSE(first->find(kept.kid())->key.has_table());  // a snapshot
  EXPECT_TRUE(first->with_table("unknown", *table).failed_with(Code::NotFound));

  const auto third = KeySet::make("i", {kept.jwk(), other.jwk()}, second->get());
  EXPECT_TRUE((*third)->find(kept.kid())->key.has_table());
  EXPECT_FALSE((*third)->find(other.kid())->key.has_table());
  // Another key under the name does not inherit it.
  const auto fourth = KeySet::make("i", {other.jwk(kept.kid())}, second->get());
  EXPECT_FALSE((*fourth)->find(kept.kid())->key.has_table());
}

}  // namespace
}  // namespace claviger::tokens
