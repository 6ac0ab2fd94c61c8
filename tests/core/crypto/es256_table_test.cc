#include "core/crypto/es256_table.h"

#include <gtest/gtest.h>

#include <random>

#include "core/crypto/digest.h"
#include "core/crypto/signing_key.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

TEST(Es256Table, VerifiesAsEvpDoes) {
  const auto key = SigningKey::generate(SignatureAlgorithm::Es256);
  ASSERT_TRUE(key);
  const auto table = key->verify_key().build_table();
  ASSERT_TRUE(table);
  EXPECT_TRUE(key->verify_key().wants_table());
  const VerifyKey fast = key->verify_key().with_table(*table);
  EXPECT_TRUE(fast.has_table());
  EXPECT_FALSE(fast.wants_table());
  EXPECT_EQ(fast.thumbprint(), key->kid());
  SigningContext signing;
  VerifyContext verifying;
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; ++i) {
    const std::string text = std::to_string(random());
    std::array<std::byte, 64> signature;
    ASSERT_TRUE(key->sign(signing, as_bytes(text), signature));
    EXPECT_TRUE(fast.verify(verifying, as_bytes(text), signature));
    EXPECT_TRUE(key->verify_key().verify(verifying, as_bytes(text), signature));
    signature[random() % 64] ^= static_cast<std::byte>(1U << random() % 8);
    EXPECT_EQ(fast.verify(verifying, as_bytes(text), signature).has_value(),
              key->verify_key().verify(verifying, as_bytes(text), signature).has_value());
  }
}

TEST(Es256Table, OnlyForEs256) {
  const auto key = SigningKey::generate(SignatureAlgorithm::EdDsa);
  EXPECT_FALSE(key->verify_key().wants_table());
  EXPECT_TRUE(key->verify_key().build_table().failed_with(Code::KeyType));
}

}  // namespace
}  // namespace claviger::crypto
