// A key that fell into wrong hands: whatever it signed is refused, known or not, and no key set brings it back.
#include <gtest/gtest.h>

#include "broker/tokens/verifier/verifier.h"
#include "tests/broker/tokens/verifier/example_tokens.h"

namespace claviger::tokens {
namespace {

struct RevokedKey : ::testing::Test {
  Mint stolen, sound;
  Verifier verifier = example_verifier();
  VerificationPolicy policy;

  void SetUp() override {
    auto made = verifier.make_policy(example_options());
    ASSERT_TRUE(made);
    policy = *std::move(made);
  }
  void trust(std::vector<crypto::Jwk> keys) { ASSERT_TRUE(verifier.set_keys(key_set(kExampleIssuer, std::move(keys)))); }
  void revoke(const Mint& key, std::string_view issuer = kExampleIssuer) {
    const Revocation revocation{RevocationKind::Key, std::string(issuer), key.kid(), 0, kExampleNow + 3600};
    ASSERT_TRUE(verifier.revocations().apply(revocation, kExampleNow));
  }
  std::optional<Code> verdict(const std::string& token) { return refusal_of(verifier.verify(token, policy, at(kExampleNow))); }
};

TEST_F(RevokedKey, RefusesWhateverItSigned) {
  trust({stolen.jwk(), sound.jwk()});
  const std::string token = stolen.access_token();
  const std::string kept = sound.access_token();
  EXPECT_EQ(verdict(token), std::nullopt);
  EXPECT_EQ(verdict(kept), std::nullopt);
  revoke(stolen, "https://other.example");
  EXPECT_EQ(verdict(token), std::nullopt);
  revoke(stolen);
  EXPECT_EQ(verdict(token), Code::TokenRevoked);
  EXPECT_EQ(verdict(token), Code::TokenRevoked);
  EXPECT_EQ(verdict(stolen.access_token({{"jti", json_string("token-2")}})), Code::TokenRevoked);
  EXPECT_EQ(verdict(kept), std::nullopt);
  trust({sound.jwk()});
  EXPECT_EQ(verdict(token), Code::TokenKeyUnknown);
  trust({stolen.jwk(), sound.jwk()});
  EXPECT_EQ(verdict(token), Code::TokenRevoked);
  EXPECT_EQ(verdict(kept), std::nullopt);
}

// The feed may be faster than the key set.
TEST_F(RevokedKey, MayBeRevokedBeforeItIsKnown) {
  revoke(stolen);
  trust({stolen.jwk(), sound.jwk()});
  EXPECT_EQ(verdict(stolen.access_token()), Code::TokenRevoked);
  EXPECT_EQ(verdict(sound.access_token()), std::nullopt);
}

}  // namespace
}  // namespace claviger::tokens
