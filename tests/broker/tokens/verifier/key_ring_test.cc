#include "broker/tokens/verifier/key_ring.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/broker/tokens/verifier/example_tokens.h"

namespace claviger::tokens {
namespace {

TEST(KeyRing, IssuersKeepTheirNumbers) {
  KeyRing ring;
  const auto a = ring.index_of("a");
  const auto b = ring.index_of("b");
  ASSERT_TRUE(a && b);
  EXPECT_NE(*a, *b);
  EXPECT_EQ(*ring.index_of("a"), *a);
  EXPECT_EQ(ring.name_of(*b), "b");
  EXPECT_FALSE(ring.find(*a, "k"));
  EXPECT_TRUE(ring.index_of("").failed_with(Code::BadValue));
  for (std::size_t i = ring.issuers(); i < kIssuersMax; ++i) ASSERT_TRUE(ring.index_of(std::to_string(i)));
  EXPECT_TRUE(ring.index_of("one too many").failed_with(Code::TooMany));
  EXPECT_TRUE(ring.index_of("b"));
}

TEST(KeyRing, AKeyKeepsItsSerialAsLongAsItStays) {
  Mint a;
  Mint b;
  KeyRing ring;
  ASSERT_TRUE(ring.replace(key_set("i", {a.jwk()})));
  const IssuerIndex issuer = *ring.index_of("i");
  const KeySerial serial = ring.find(issuer, a.kid())->live->serial;
  EXPECT_NE(serial, 0u);
  ASSERT_NE(ring.live(serial), nullptr);
  EXPECT_EQ(ring.live(serial)->issuer, issuer);
  EXPECT_EQ(ring.live(0), nullptr);

  ASSERT_TRUE(ring.replace(key_set("i", {b.jwk(), a.jwk()})));
  EXPECT_EQ(ring.find(issuer, a.kid())->live->serial, serial);
  const KeySerial second = ring.find(issuer, b.kid())->live->serial;
  EXPECT_NE(second, serial);

  ASSERT_TRUE(ring.replace(key_set("i", {b.jwk()})));
  EXPECT_EQ(ring.live(serial), nullptr);
  EXPECT_NE(ring.live(second), nullptr);
  EXPECT_FALSE(ring.find(issuer, a.kid()));

  ASSERT_TRUE(ring.replace(key_set("i", {a.jwk(), b.jwk()})));
  EXPECT_EQ(ring.live(serial), nullptr) << "a serial comes back";
  // The same name for another key is another key.
  ASSERT_TRUE(ring.replace(key_set("i", {a.jwk(b.kid())})));
  EXPECT_EQ(ring.live(second), nullptr);
  ring.remove("i");
  EXPECT_FALSE(ring.find(issuer, b.kid()));
  ring.remove("unknown");
}

TEST(KeyRing, SerialsDoNotComeBackThroughManyRotations) {
  Mint a;
  Mint b;
  KeyRing ring;
  const auto with_a = key_set("i", {a.jwk("k")});
  const auto with_b = key_set("i", {b.jwk("k")});
  const IssuerIndex issuer = *ring.index_of("i");
  std::set<KeySerial> seen;
  for (std::size_t i = 0; i < 3 * kLiveKeysMax; ++i) {
    ASSERT_TRUE(ring.replace(i % 2 == 0 ? with_a : with_b));
    ASSERT_TRUE(seen.insert(ring.find(issuer, "k")->live->serial).second);
  }
}

TEST(KeyRing, HoldsItsBoundOfKeys) {
  Mint mint;
  KeyRing ring;
  std::vector<crypto::Jwk> keys;
  for (std::size_t i = 0; i < crypto::kJwksKeysMax; ++i) keys.push_back(mint.jwk(std::to_string(i)));
  for (std::size_t i = 0; i < kLiveKeysMax / crypto::kJwksKeysMax; ++i)
    ASSERT_TRUE(ring.replace(key_set("i" + std::to_string(i), keys)));
  EXPECT_TRUE(ring.replace(key_set("more", {mint.jwk()})).failed_with(Code::TooMany));
  EXPECT_FALSE(ring.find(*ring.index_of("more"), mint.kid()));
  EXPECT_TRUE(ring.replace(key_set("i0", keys)));  // no more than before
  ring.remove("i1");
  EXPECT_TRUE(ring.replace(key_set("more", {mint.jwk()})));
  EXPECT_TRUE(ring.find(*ring.index_of("more"), mint.kid()));
}

TEST(KeyRing, WishesTablesForWhatIsUsedMost) {
  Mint a;
  Mint b;
  Mint eddsa(crypto::SignatureAlgorithm::EdDsa);
  KeyRing ring;
  ASSERT_TRUE(ring.replace(key_set("i", {a.jwk("a"), b.jwk("b"), eddsa.jwk("e")})));
  EXPECT_FALSE(ring.wanting_table(1));
  const IssuerIndex issuer = *ring.index_of("i");
  ring.find(issuer, "a")->live->uses = 5;
  ring.find(issuer, "b")->live->uses = 7;
  ring.find(issuer, "e")->live->uses = 9;  // has no use for one
  EXPECT_EQ(ring.wanting_table(5)->kid, "b");
  EXPECT_EQ(ring.wanting_table(5)->issuer, "i");
  EXPECT_FALSE(ring.wanting_table(8));
}

}  // namespace
}  // namespace claviger::tokens
