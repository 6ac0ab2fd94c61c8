#include "core/crypto/published_keys.h"

#include <gtest/gtest.h>

#include "core/crypto/jwk.h"
#include "core/crypto/signing_key.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

TEST(PublishedKeys, KnowsEveryKeyOfTheVectorFile) {
  for (const codec::JsonValue value : array_at(vectors(), "jwk_thumbprint")) {
    const auto thumbprint = *value.as_object()->string_at("thumbprint_sha256");
    EXPECT_TRUE(is_published_test_key(thumbprint)) << thumbprint;
  }
  const auto context = object_at(vectors(), "token_context");
  for (const codec::JsonValue value : array_at(object_at(context, "jwks"), "keys")) {
    const auto jwk = read_jwk(*value.as_object());
    ASSERT_TRUE(jwk);
    EXPECT_TRUE(is_published_test_key(jwk->key.thumbprint()));
  }
}

TEST(PublishedKeys, DoesNotKnowAFreshOne) {
  const auto key = SigningKey::generate(SignatureAlgorithm::Es256);
  ASSERT_TRUE(key);
  EXPECT_FALSE(is_published_test_key(key->kid()));
  EXPECT_FALSE(is_published_test_key(""));
}

}  // namespace
}  // namespace claviger::crypto
