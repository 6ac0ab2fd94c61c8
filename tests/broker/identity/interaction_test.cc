#include "broker/identity/interaction.h"

#include <gtest/gtest.h>

#include "broker/identity/sealed_text.h"
#include "core/codec/base64url.h"
#include "core/crypto/random.h"

namespace claviger::identity {
namespace {

Interaction sample() {
  Interaction interaction;
  interaction.id.fill(std::byte{1});
  interaction.expires_at = 1000;
  interaction.cookie_digest.fill(std::byte{2});
  interaction.challenge.fill(std::byte{3});
  interaction.response_mode = ResponseMode::FormPost;
  interaction.client_id = "app";
  interaction.redirect_uri = "https://app.example/cb";
  interaction.state = "state";
  interaction.nonce = "";
  interaction.acr = "3gpp:acr:password";
  interaction.scopes = {"openid", "profile"};
  return interaction;
}

struct Sealed : ::testing::Test {
  Secret<32> key = *crypto::random_bytes<32>();
  std::string text = *seal_interaction(key, "alpha", sample());
};

TEST_F(Sealed, OpensAsItWas) {
  const auto opened = open_interaction(key, "alpha", text, 999);
  ASSERT_TRUE(opened);
  const Interaction wanted = sample();
  EXPECT_EQ(opened->id, wanted.id);
  EXPECT_EQ(opened->expires_at, wanted.expires_at);
  EXPECT_EQ(opened->cookie_digest, wanted.cookie_digest);
  EXPECT_EQ(opened->challenge, wanted.challenge);
  EXPECT_EQ(opened->response_mode, wanted.response_mode);
  EXPECT_EQ(opened->client_id, wanted.client_id);
  EXPECT_EQ(opened->redirect_uri, wanted.redirect_uri);
  EXPECT_EQ(opened->state, wanted.state);
  EXPECT_EQ(opened->nonce, wanted.nonce);
  EXPECT_EQ(opened->acr, wanted.acr);
  EXPECT_EQ(opened->scopes, wanted.scopes);
}

TEST_F(Sealed, HoldsWhatIsAskedOfClaims) {
  Interaction asking = sample();
  asking.claims = R"({"userinfo":{"name":null}})";
  asking.claims_allowed = 5;
  const auto opened = open_interaction(key, "alpha", *seal_interaction(key, "alpha", asking), 999);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->claims, asking.claims);
  EXPECT_EQ(opened->claims_allowed, 5U);
  EXPECT_EQ(opened->response_mode, ResponseMode::FormPost);
  EXPECT_EQ(opened->scopes, asking.scopes);
}

// A browser's session outlives an update: what was sealed before claims could be asked for opens as it was.
TEST_F(Sealed, OpensTheFormerLayout) {
  using namespace std::string_literals;
  std::string plaintext =
      "\0\0\0\0\0\0\x03\xe8"s + std::string(16, '\1') + std::string(32, '\2') + std::string(32, '\3');
  plaintext += "\0\0"s;                                        // mode, consent
  for (int i = 0; i < 8; ++i) plaintext += "\0\0"s;            // seven texts and the UE
  plaintext += "\0\x08progress"s + "\0\0"s + "\0\x06openid"s;  // progress, subject, a scope
  const auto sealed = seal_text(key, "interaction", "alpha", plaintext);
  ASSERT_TRUE(sealed);
  const auto opened = open_interaction(key, "alpha", *sealed, 999);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->progress, "progress");
  EXPECT_EQ(opened->claims, "");
  EXPECT_EQ(opened->scopes, std::vector<std::string>{"openid"});
  Interaction again;
  again.expires_at = 1000;
  again.id.fill(std::byte{1});
  again.cookie_digest.fill(std::byte{2});
  again.challenge.fill(std::byte{3});
  again.progress = "progress";
  again.scopes = {"openid"};
  EXPECT_EQ(seal_interaction(key, "alpha", again)->size(), sealed->size()) << "and is still written so";
}

TEST_F(Sealed, IsDifferentEachTime) { EXPECT_NE(*seal_interaction(key, "alpha", sample()), text); }

TEST_F(Sealed, ExpiresAtItsSecond) {
  EXPECT_TRUE(open_interaction(key, "alpha", text, 1000).failed_with(Code::InteractionExpired));
}

TEST_F(Sealed, DoesNotOpenElsewhere) {
  EXPECT_TRUE(open_interaction(key, "bravo", text, 1).failed_with(Code::InteractionInvalid));
  EXPECT_TRUE(open_interaction(*crypto::random_bytes<32>(), "alpha", text, 1).failed_with(Code::InteractionInvalid));
}

TEST_F(Sealed, RefusesEveryTruncationAndEveryChange) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_TRUE(open_interaction(key, "alpha", text.substr(0, i), 1).failed_with(Code::InteractionInvalid)) << i;
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(open_interaction(key, "alpha", changed, 1).failed_with(Code::InteractionInvalid)) << i;
  }
  EXPECT_TRUE(open_interaction(key, "alpha", text + "A", 1).failed_with(Code::InteractionInvalid));
  EXPECT_TRUE(open_interaction(key, "alpha", std::string(kInteractionTextMax + 1, 'A'), 1)
                  .failed_with(Code::InteractionInvalid));
}

TEST_F(Sealed, HoldsTheLargestRequest) {
  Interaction large = sample();
  large.redirect_uri = "https://app.example/" + std::string(4000, 'p');
  large.state = std::string(2048, 's');
  large.nonce = std::string(512, 'n');
  large.scopes.assign(1, std::string(4096, 'x'));
  const auto sealed = seal_interaction(key, "alpha", large);
  ASSERT_TRUE(sealed);
  EXPECT_LE(sealed->size(), kInteractionTextMax);
  EXPECT_EQ(open_interaction(key, "alpha", *sealed, 1)->state, large.state);
}

}  // namespace
}  // namespace claviger::identity
