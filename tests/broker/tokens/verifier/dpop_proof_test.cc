// DPoP proofs: the examples of RFC 9449, and spec 4.5 item by item.
#include "broker/tokens/verifier/dpop_proof.h"

#include <gtest/gtest.h>

#include "core/codec/base64url.h"
#include "tests/broker/tokens/verifier/dpop_key.h"

namespace claviger::tokens {
namespace {

constexpr std::string_view kUrl = "https://server.example.com/token";
constexpr std::int64_t kNow = 1'562'262'616;

// RFC 9449 clause 5, figure "Token request for a DPoP sender-constrained token": its DPoP header.
constexpr std::string_view kTokenRequestProof =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJq"
    "dGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxN"
    "TYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
// Clause 7.1, at a resource.
constexpr std::string_view kResourceProof =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJq"
    "dGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvd"
    "XJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhr"
    "tNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
constexpr std::string_view kResourceToken = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
constexpr std::string_view kThumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

struct DpopProofTest : ::testing::Test {
  codec::JsonReader reader;
  crypto::VerifyContext context;
  DpopKey key;

  Result<DpopProof> read(std::string_view proof, std::string_view access_token = {}, std::int64_t now = kNow) {
    return read_dpop_proof({reader, context}, proof,
                           {.method = "POST", .url = kUrl, .access_token = access_token, .now = now});
  }
  static ProofParts good() {
    ProofParts parts;
    parts.url = kUrl;
    parts.issued_at = kNow;
    return parts;
  }
  void expect_refused(const ProofParts& parts, std::string_view where) {
    const auto read_proof = read(key.proof(parts));
    ASSERT_FALSE(read_proof) << where;
    EXPECT_EQ(read_proof.error().code, Code::DpopInvalid);
    EXPECT_EQ(read_proof.error().where, where);
  }
  static std::string text_of(const Confirmation::Thumbprint& thumbprint) {
    std::string text;
    codec::base64url_encode(thumbprint, text);
    return text;
  }
};

TEST_F(DpopProofTest, Rfc9449TokenRequest) {
  const auto proof = read(kTokenRequestProof);
  ASSERT_TRUE(proof) << proof.error().where;
  EXPECT_EQ(text_of(proof->key), kThumbprint);
  EXPECT_EQ(proof->issued_at, kNow);
}
TEST_F(DpopProofTest, Rfc9449ProtectedResource) {
  const DpopExpectation expected{.method = "GET",
                                 .url = "https://resource.example.org/protectedresource",
                                 .access_token = kResourceToken,
                                 .now = kNow};
  const auto proof = read_dpop_proof({reader, context}, kResourceProof, expected);
  ASSERT_TRUE(proof) << proof.error().where;
  EXPECT_EQ(text_of(proof->key), kThumbprint);
}
TEST_F(DpopProofTest, EachAlgorithm) {
  for (const auto algorithm :
       {crypto::SignatureAlgorithm::Es256, crypto::SignatureAlgorithm::EdDsa, crypto::SignatureAlgorithm::Rs256}) {
    DpopKey one(algorithm);
    const auto proof = read(one.proof(good()));
    ASSERT_TRUE(proof) << proof.error().where;
    EXPECT_EQ(text_of(proof->key), one.thumbprint());
  }
}
TEST_F(DpopProofTest, TruncatedAtEveryByte) {
  const std::string proof = key.proof(good());
  for (std::size_t size = 0; size < proof.size(); ++size) EXPECT_FALSE(read(proof.substr(0, size))) << size;
}
TEST_F(DpopProofTest, EveryChangedCharacter) {
  const std::string proof = key.proof(good());
  for (std::size_t at = 0; at < proof.size(); ++at) {
    std::string changed = proof;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    const auto read_proof = read(changed);
    if (!read_proof) continue;
    ADD_FAILURE() << at;
  }
}
TEST_F(DpopProofTest, TooLong) {
  ProofParts parts = good();
  parts.payload_more = ",\"x\":\"" + std::string(9000, 'x') + "\"";
  expect_refused(parts, "dpop.segments");
}
TEST_F(DpopProofTest, TypeMissingOrOther) {  // RFC 8725 clause 3.11: no other JWT is a proof
  ProofParts parts = good();
  for (const char* typ : {"JWT", "at+jwt", "dpop+jwt2"}) {
    parts.typ = typ;
    expect_refused(parts, "dpop.typ");
  }
}
TEST_F(DpopProofTest, AlgorithmOfAnotherKeyOrNone) {
  ProofParts parts = good();
  for (const char* alg : {"none", "HS256", "ES384"}) {
    parts.alg = alg;
    expect_refused(parts, "dpop.alg");
  }
  parts.alg = "RS256";
  expect_refused(parts, "dpop.jwk");
}
TEST_F(DpopProofTest, KeyMissingPrivateSymmetricOrOfAnother) {
  ProofParts parts = good();
  parts.jwk = "null";
  expect_refused(parts, "dpop.jwk");
  parts.jwk = R"({"kty":"oct","k":"AAAA"})";
  expect_refused(parts, "dpop.jwk");
  std::string with_private = key.jwk();
  with_private.insert(with_private.size() - 1, R"(,"d":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")");
  parts.jwk = with_private;
  expect_refused(parts, "dpop.jwk");
  DpopKey other;
  parts.jwk = other.jwk();
  expect_refused(parts, "dpop.signature");
}
// A peer chooses what verifying costs us: not more than RSA of 4096 bits with e = 65537.
TEST_F(DpopProofTest, RsaKeysThatAreSlowAreRefused) {
  DpopKey rsa(crypto::SignatureAlgorithm::Rs256);
  const std::string jwk = rsa.jwk();
  ProofParts parts = good();
  EXPECT_TRUE(read(rsa.proof(parts)));
  const std::size_t exponent = jwk.find("\"AQAB\"");
  ASSERT_NE(exponent, std::string::npos);
  parts.jwk = std::string(jwk).replace(exponent, 6, "\"" + encoded(std::string(7, '\xff') + "\xc5") + "\"");
  EXPECT_EQ(read(rsa.proof(parts)).error().where, "dpop.jwk");
  const std::string large = "\x80" + std::string(kDpopRsaBitsMax / 8, '\x01');
  parts.jwk = R"({"kty":"RSA","e":"AQAB","n":")" + encoded(large) + "\"}";
  EXPECT_EQ(read(rsa.proof(parts)).error().where, "dpop.jwk");
}
// What does not fit is refused before anything is computed: no signature is looked at.
TEST_F(DpopProofTest, TheSignatureComesLast) {
  ProofParts parts = good();
  parts.method = "GET";
  parts.jwk = "{}";
  expect_refused(parts, "dpop.htm");
  parts = good();
  parts.jwk = "{}";
  parts.nonce = "of another time";
  const auto refused = read_dpop_proof(
      {reader, context}, key.proof(parts),
      {.method = "POST", .url = kUrl, .access_token = {}, .now = kNow, .is_current_nonce = [](std::string_view nonce) {
         return nonce == "current";
       }});
  EXPECT_EQ(refused.error().code, Code::DpopNonce);
}
TEST_F(DpopProofTest, CriticalExtension) {
  ProofParts parts = good();
  parts.header_more = R"(,"crit":["exp"])";
  expect_refused(parts, "dpop.header");
}
TEST_F(DpopProofTest, MemberTwice) {
  ProofParts parts = good();
  parts.payload_more = R"(,"htm":"GET")";
  expect_refused(parts, "dpop.payload");
}
TEST_F(DpopProofTest, OtherMethod) {
  ProofParts parts = good();
  for (const char* method : {"GET", "post", ""}) {
    parts.method = method;
    expect_refused(parts, "dpop.htm");
  }
}
TEST_F(DpopProofTest, OtherUrl) {
  ProofParts parts = good();
  for (const char* url : {"http://server.example.com/token", "https://server.example.com/tokens",
                          "https://server.example.com:8443/token", "https://evil.example/token", "/token", "",
                          "https://x@server.example.com/token", "https://server.example.com/Token"}) {
    parts.url = url;
    expect_refused(parts, "dpop.htu");
  }
}
TEST_F(DpopProofTest, SameUrlWrittenOtherwise) {
  ProofParts parts = good();
  for (const char* url : {"HTTPS://Server.Example.COM/token", "https://server.example.com:443/token",
                          "https://server.example.com/token?a=b", "https://server.example.com/token#f"}) {
    parts.url = url;
    EXPECT_TRUE(read(key.proof(parts))) << url;
  }
}
TEST_F(DpopProofTest, IssuedLongAgoAheadOrNever) {
  ProofParts parts = good();
  EXPECT_TRUE(read(key.proof(parts), {}, kNow + 60));
  EXPECT_FALSE(read(key.proof(parts), {}, kNow + 61));
  EXPECT_TRUE(read(key.proof(parts), {}, kNow - 30));
  EXPECT_FALSE(read(key.proof(parts), {}, kNow - 31));
  parts.issued_at = 0;
  expect_refused(parts, "dpop.iat");
  parts.payload_more = ",\"iat\":\"1562262616\"";
  expect_refused(parts, "dpop.iat");
  parts.payload_more = ",\"iat\":1562262616.25";
  EXPECT_TRUE(read(key.proof(parts)));
}
TEST_F(DpopProofTest, ExpiryIsHeldTo) {
  ProofParts parts = good();
  parts.payload_more = ",\"exp\":1562262616";
  expect_refused(parts, "dpop.exp");
}
TEST_F(DpopProofTest, JtiMissingEmptyOrLong) {
  ProofParts parts = good();
  parts.jti = "";
  expect_refused(parts, "dpop.jti");
  parts.payload_more = ",\"jti\":\"\"";
  expect_refused(parts, "dpop.jti");
  parts.payload_more = ",\"jti\":7";
  expect_refused(parts, "dpop.jti");
  parts.payload_more = "";
  parts.jti = std::string(255, 'j');
  EXPECT_TRUE(read(key.proof(parts)));
  parts.jti += 'j';
  expect_refused(parts, "dpop.jti");
}
TEST_F(DpopProofTest, AccessTokenHash) {
  ProofParts parts = good();
  EXPECT_FALSE(read(key.proof(parts), "token"));
  parts.access_token = "other";
  EXPECT_FALSE(read(key.proof(parts), "token"));
  parts.access_token = "token";
  EXPECT_TRUE(read(key.proof(parts), "token"));
}
TEST_F(DpopProofTest, NonceIsHandedOn) {
  ProofParts parts = good();
  parts.nonce = "n";
  EXPECT_EQ(read(key.proof(parts))->nonce, "n");
  parts.nonce = std::string(kDpopNonceMax + 1, 'n');
  expect_refused(parts, "dpop.nonce");
}
TEST_F(DpopProofTest, IdIsOfKeyAndJti) {
  ProofParts parts = good();
  const auto first = read(key.proof(parts));
  const auto again = read(key.proof(parts));  // another signature, the same jti
  EXPECT_EQ(first->id, again->id);
  DpopKey other;
  EXPECT_NE(read(other.proof(parts))->id, first->id);
  parts.jti = "j2";
  EXPECT_NE(read(key.proof(parts))->id, first->id);
}

}  // namespace
}  // namespace claviger::tokens
