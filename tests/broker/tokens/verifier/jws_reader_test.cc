#include "broker/tokens/verifier/jws_reader.h"

#include <gtest/gtest.h>

#include "tests/broker/tokens/verifier/example_tokens.h"

namespace claviger::tokens {
namespace {

TEST(JwsReader, GoesStepByStep) {
  Mint mint;
  JwsReader reader;
  const std::string token = mint.access_token();
  const auto opened = reader.open(token, AlgorithmSet::all());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->header->kid.view(), mint.kid());
  EXPECT_TRUE(reader.check_signature(*opened, mint.verify_key()));
  const std::array<std::string_view, 1> types{"at+jwt"};
  EXPECT_TRUE(check_type(*opened->header, types));
  const auto claims = reader.read_payload(opened->parts.payload);
  ASSERT_TRUE(claims);
  EXPECT_EQ((*claims)->subject, "user-17");
  EXPECT_EQ((*claims)->json, json_of(example_claims()));
}

TEST(JwsReader, AKeyOfAnotherAlgorithmIsAMismatch) {
  Mint mint;
  Mint eddsa(crypto::SignatureAlgorithm::EdDsa);
  JwsReader reader;
  const std::string token = mint.access_token();
  const auto opened = reader.open(token, AlgorithmSet::all());
  ASSERT_TRUE(opened);
  EXPECT_TRUE(reader.check_signature(*opened, eddsa.verify_key()).failed_with(Code::TokenKeyMismatch));
  EXPECT_TRUE(reader.check_signature(*opened, Mint().verify_key()).failed_with(Code::TokenSignature));
}

// More headers than it remembers, each several times, in turns: the text decides, whatever was before.
TEST(JwsReader, RemembersHeadersByTheirWholeText) {
  JwsReader reader;
  Mint mint;
  std::vector<std::pair<std::string, std::string>> tokens;
  for (int i = 0; i < 20; ++i) {
    const std::string kid = "kid-" + std::to_string(i);
    tokens.emplace_back(kid, mint.with_header({{"kid", json_string(kid)}}));
  }
  for (int round = 0; round < 3; ++round) {
    for (const auto& [kid, token] : tokens) {
      const auto opened = reader.open(token, AlgorithmSet::all());
      ASSERT_TRUE(opened);
      EXPECT_EQ(opened->header->kid.view(), kid);
      ASSERT_TRUE(reader.check_signature(*opened, mint.verify_key()));
      // Nothing is learnt from one whose signature fails.
      const std::string forged =
          base64url(R"({"alg":"ES256","kid":"forged)" + std::to_string(round) + "\"}") + ".e30." + std::string(86, 'A');
      const auto opened_forgery = reader.open(forged, AlgorithmSet::all());
      ASSERT_TRUE(opened_forgery);
      EXPECT_FALSE(reader.check_signature(*opened_forgery, mint.verify_key()));
    }
  }
  // A header too long to be remembered is read each time.
  const std::string long_one = mint.with_header({{"x", json_string(std::string(300, 'x'))}});
  for (int i = 0; i < 3; ++i) {
    const auto opened = reader.open(long_one, AlgorithmSet::all());
    ASSERT_TRUE(opened);
    EXPECT_TRUE(reader.check_signature(*opened, mint.verify_key()));
  }
}

TEST(JwsReader, OnlyAllowedAlgorithms) {
  Mint mint;
  JwsReader reader;
  EXPECT_TRUE(reader.open(mint.access_token(), {crypto::SignatureAlgorithm::EdDsa}).failed_with(Code::TokenAlgorithm));
  EXPECT_TRUE(reader.open(mint.access_token(), AlgorithmSet()).failed_with(Code::TokenAlgorithm));
}

TEST(JwsReader, SignaturesLongerThanAnyKeysAreNotDecoded) {
  Mint mint;
  JwsReader reader;
  const std::string token = mint.access_token();
  const std::string longer = token.substr(0, token.rfind('.') + 1) + std::string(2000, 'A');
  const auto opened = reader.open(longer, AlgorithmSet::all());
  ASSERT_TRUE(opened);
  EXPECT_TRUE(reader.check_signature(*opened, mint.verify_key()).failed_with(Code::TokenSignature));
}

TEST(JwsReader, TypeMayBeAbsentOnlyWhereItIsAllowed) {
  JoseHeader header;
  const std::array<std::string_view, 2> types{"jwt", "secevent+jwt"};
  EXPECT_TRUE(check_type(header, types).failed_with(Code::TokenType));
  EXPECT_TRUE(check_type(header, types, true));
  header.typ.assign("jwt");
  EXPECT_TRUE(check_type(header, types));
  header.typ.assign("at+jwt");
  EXPECT_TRUE(check_type(header, types, true).failed_with(Code::TokenType));
  header = JoseHeader();
  header.is_typ_unusable = true;
  EXPECT_TRUE(check_type(header, types, true).failed_with(Code::TokenType));
}

}  // namespace
}  // namespace claviger::tokens
