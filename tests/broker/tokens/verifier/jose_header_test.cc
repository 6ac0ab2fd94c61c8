#include "broker/tokens/verifier/jose_header.h"

#include <gtest/gtest.h>

#include <string>

#include "core/codec/json_reader.h"

namespace claviger::tokens {
namespace {

Result<JoseHeader> read(std::string_view json) {
  codec::JsonReader reader;
  const auto value = reader.parse(json);
  if (!value) return value.error();
  return read_jose_header(*value);
}

TEST(JoseHeader, ReadsWhatCountsAndNothingElse) {
  const auto header =
      read(R"({"alg":"ES256","kid":"key-1","typ":"application/AT+JWT","jku":"https://evil.example","jwk":{}})");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->algorithm, crypto::SignatureAlgorithm::Es256);
  EXPECT_EQ(header->kid.view(), "key-1");
  EXPECT_EQ(header->typ.view(), "at+jwt");
  EXPECT_FALSE(header->has_crit);
  EXPECT_FALSE(header->is_typ_unusable);
}

TEST(JoseHeader, OutlivesItsText) {
  Result<JoseHeader> header = Error{Code::Internal, ""};
  {
    std::string text = R"({"alg":"EdDSA","kid":"k"})";
    header = read(text);
    text.assign(text.size(), 'x');
  }
  EXPECT_EQ(header->kid.view(), "k");
}

TEST(JoseHeader, AlgorithmsAreComparedExactly) {
  for (const char* algorithm : {"none", "None", "nOnE", "es256", "HS256", "PS256", "ES256 ", "ES2560", ""}) {
    const auto header = read(R"({"alg":")" + std::string(algorithm) + R"("})");
    ASSERT_TRUE(header);
    EXPECT_FALSE(header->algorithm) << algorithm;
  }
  EXPECT_FALSE(read(R"({"alg":7})")->algorithm);
  EXPECT_FALSE(read(R"({"alg":null})")->algorithm);
}

TEST(JoseHeader, AnyCritIsSeen) {
  EXPECT_TRUE(read(R"({"crit":[]})")->has_crit);
  EXPECT_TRUE(read(R"({"crit":null})")->has_crit);
  EXPECT_TRUE(read(R"({"\u0063rit":["b64"]})")->has_crit);
}

TEST(JoseHeader, KidsOfTheWrongKindNameNoKey) {
  EXPECT_TRUE(read(R"({"kid":7})")->kid.empty());
  EXPECT_TRUE(read(R"({"kid":["a"]})")->kid.empty());
  EXPECT_EQ(read(R"({"kid":")" + std::string(kKidMax, 'k') + "\"}")->kid.view().size(), kKidMax);
  EXPECT_TRUE(read(R"({"kid":")" + std::string(kKidMax + 1, 'k') + "\"}")->kid.empty());
  EXPECT_EQ(read(R"({"kid":"a\u0000b"})")->kid.view(), std::string_view("a\0b", 3));
}

TEST(JoseHeader, TypesAreNormalised) {
  EXPECT_EQ(normalised_typ("JWT").view(), "jwt");
  EXPECT_EQ(normalised_typ("application/at+jwt").view(), "at+jwt");
  EXPECT_EQ(normalised_typ("APPLICATION/LOGOUT+JWT").view(), "logout+jwt");
  EXPECT_EQ(normalised_typ("application/a/b").view(), "application/a/b");
  EXPECT_EQ(normalised_typ("text/plain").view(), "text/plain");
  EXPECT_EQ(normalised_typ(std::string(kTypMax + 1, 'x')).view(), "");
  EXPECT_TRUE(read(R"({"typ":7})")->is_typ_unusable);
  EXPECT_TRUE(read(R"({"typ":""})")->is_typ_unusable);
  EXPECT_TRUE(read(R"({"typ":"application/"})")->is_typ_unusable);
  EXPECT_FALSE(read("{}")->is_typ_unusable);
}

TEST(JoseHeader, MustBeAnObject) {
  EXPECT_TRUE(read("[]").failed_with(Code::TokenHeader));
  EXPECT_TRUE(read("\"x\"").failed_with(Code::TokenHeader));
  EXPECT_TRUE(read("null").failed_with(Code::TokenHeader));
}

}  // namespace
}  // namespace claviger::tokens
