#include "core/crypto/jwk.h"

#include <gtest/gtest.h>

#include "core/crypto/signing_key.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

constexpr std::string_view kEc =
    R"("kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")";
constexpr std::string_view kOkp = R"("kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")";

Result<Jwk> read(const std::string& json) {
  codec::JsonReader reader;
  auto document = reader.parse(json);
  CLAVIGER_ASSERT(document.has_value());
  return read_jwk(*document->as_object());
}
Result<Jwk> read_with(std::string_view members, std::string_view more) {
  return read("{" + std::string(members) + "," + std::string(more) + "}");
}
Code refusal(std::string_view members, std::string_view more) {
  const auto jwk = read_with(members, more);
  return jwk ? Code::Internal : jwk.error().code;
}

TEST(Jwk, ReadsAndWritesEachKind) {
  for (const auto algorithm : {SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa, SignatureAlgorithm::Rs256}) {
    const auto key = SigningKey::generate(algorithm);
    std::string text;
    write_jwk(key->verify_key(), text);
    const auto back = read(text);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->kid, key->kid());
    EXPECT_EQ(back->key.thumbprint(), key->kid());
    EXPECT_EQ(text.find("\"d\""), std::string::npos);

    SlabPool pool;
    SlabWriter slab(pool, 16);
    write_jwk(key->verify_key(), slab);
    EXPECT_EQ(as_text(slab.written()), text);
  }
}

TEST(Jwk, WritesAsPublished) {
  std::string text;
  write_jwk(read("{" + std::string(kOkp) + "}")->key, "key 1", text);
  EXPECT_EQ(text, "{" + std::string(kOkp) + R"(,"alg":"EdDSA","use":"sig","kid":"key 1"})");
}

TEST(Jwk, TakesTheKidOrMakesOne) {
  EXPECT_EQ(read_with(kEc, R"("kid":"mine")")->kid, "mine");
  EXPECT_EQ(read("{" + std::string(kEc) + "}")->kid, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
  EXPECT_EQ(refusal(kEc, R"("kid":"")"), Code::KeyMalformed);
  EXPECT_EQ(refusal(kEc, R"("kid":7)"), Code::JsonType);
  EXPECT_EQ(read_with(kEc, R"("kid":")" + std::string(128, 'k') + "\"")->kid.size(), 128U);
  EXPECT_EQ(refusal(kEc, R"("kid":")" + std::string(129, 'k') + "\""), Code::KeyMalformed);
}

TEST(Jwk, RefusesPrivateMembers) {
  for (const std::string_view name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    EXPECT_EQ(refusal(kEc, "\"" + std::string(name) + "\":\"AA\""), Code::KeyPrivate) << name;
  }
  EXPECT_TRUE(read(R"({"kty":"oct","k":"AAAA"})").failed_with(Code::KeyPrivate));
}

TEST(Jwk, RefusesAnotherUse) {
  EXPECT_TRUE(read_with(kEc, R"("use":"sig","alg":"ES256","key_ops":["sign","verify"])"));
  EXPECT_EQ(refusal(kEc, R"("use":"enc")"), Code::KeyUse);
  EXPECT_EQ(refusal(kEc, R"("use":"SIG")"), Code::KeyUse);
  EXPECT_EQ(refusal(kEc, R"("alg":"ES384")"), Code::KeyUse);
  EXPECT_EQ(refusal(kEc, R"("alg":"RS256")"), Code::KeyUse);
  EXPECT_EQ(refusal(kEc, R"("alg":"none")"), Code::KeyUse);
  EXPECT_EQ(refusal(kEc, R"("alg":null)"), Code::JsonType);
  EXPECT_EQ(refusal(kEc, R"("key_ops":[])"), Code::KeyUse);
  EXPECT_EQ(refusal(kEc, R"("key_ops":["encrypt"])"), Code::KeyUse);
  EXPECT_EQ(refusal(kEc, R"("key_ops":"verify")"), Code::JsonType);
  EXPECT_TRUE(read_with(kOkp, R"("alg":"Ed25519")"));
  EXPECT_EQ(refusal(kOkp, R"("alg":"ES256")"), Code::KeyUse);
}

TEST(Jwk, RefusesMalformedKeys) {
  const auto code = [](const std::string& json) {
    const auto jwk = read(json);
    return jwk ? Code::Internal : jwk.error().code;
  };
  EXPECT_EQ(code("{}"), Code::JsonMissing);
  EXPECT_EQ(code(R"({"kty":"ec"})"), Code::KeyType);
  EXPECT_EQ(code(R"({"kty":"EC","crv":"P-384","x":"","y":""})"), Code::KeyType);
  EXPECT_EQ(code(R"({"kty":"OKP","crv":"X25519","x":""})"), Code::KeyType);
  EXPECT_EQ(code(R"({"kty":"EC","crv":"Ed25519","x":""})"), Code::KeyType);
  EXPECT_EQ(code(R"({"kty":"EC","crv":"P-256","x":"AA"})"), Code::JsonMissing);
  EXPECT_EQ(code(R"({"kty":"EC","crv":"P-256","x":"AA==","y":"AA"})"), Code::Base64Invalid);
  EXPECT_EQ(code(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"), Code::KeyMalformed);
  EXPECT_EQ(code(R"({"kty":"EC","crv":"P-256","x":1,"y":"AA"})"), Code::JsonType);
  EXPECT_EQ(code(R"({"kty":"RSA","n":"AQ","e":"AQAB"})"), Code::KeyWeak);
  EXPECT_EQ(code(R"({"kty":"RSA","n":")" + std::string(2000, 'A') + R"(","e":"AQAB"})"), Code::KeyMalformed);
}

TEST(Jwks, KeepsWhatItUnderstands) {
  codec::JsonReader reader;
  const auto set = read_jwks(reader, R"({"keys":[{"kty":"new"},{)" + std::string(kEc) + R"(,"kid":"a"},{)" +
                                         std::string(kOkp) + R"(,"kid":"a"},{)" + std::string(kOkp) +
                                         R"(,"kid":"b","use":"enc"},{)" + std::string(kOkp) + "}]}");
  ASSERT_TRUE(set);
  ASSERT_EQ(set->keys.size(), 2U);
  EXPECT_EQ(set->find("a")->key.algorithm(), SignatureAlgorithm::Es256);
  EXPECT_EQ(set->find("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")->key.algorithm(), SignatureAlgorithm::EdDsa);
  EXPECT_EQ(set->find("b"), nullptr);
  ASSERT_EQ(set->ignored.size(), 3U);
  EXPECT_EQ(set->ignored[0].why.code, Code::KeyType);
  EXPECT_EQ(set->ignored[1].index, 2U);
  EXPECT_EQ(set->ignored[1].why.code, Code::Duplicate);
  EXPECT_EQ(set->ignored[2].why.code, Code::KeyUse);

  const auto again = read_jwks(reader, write_jwks(set->keys));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->keys.size(), 2U);
  EXPECT_TRUE(again->ignored.empty());
}

TEST(Jwks, RefusesWhole) {
  codec::JsonReader reader;
  const auto code = [&](const std::string& json) {
    const auto set = read_jwks(reader, json);
    return set ? Code::Internal : set.error().code;
  };
  EXPECT_EQ(code(""), Code::Empty);
  EXPECT_EQ(code("[]"), Code::JsonType);
  EXPECT_EQ(code("{}"), Code::JsonMissing);
  EXPECT_EQ(code(R"({"keys":{}})"), Code::JsonType);
  EXPECT_EQ(code(R"({"keys":[1]})"), Code::JsonType);
  EXPECT_EQ(code(R"({"keys":[],"keys":[]})"), Code::JsonDuplicate);
  EXPECT_EQ(code(R"({"keys":[{)" + std::string(kOkp) + R"(},{)" + std::string(kEc) + R"(,"d":"AA"}]})"),
            Code::KeyPrivate);
  std::string many = R"({"keys":[{})";
  for (std::size_t i = 1; i < kJwksKeysMax; ++i) many += ",{}";
  EXPECT_EQ(code(many + "]}"), Code::Internal);
  EXPECT_EQ(code(many + ",{}]}"), Code::TooMany);
  EXPECT_EQ(write_jwks({}), R"({"keys":[]})");
}

}  // namespace
}  // namespace claviger::crypto
