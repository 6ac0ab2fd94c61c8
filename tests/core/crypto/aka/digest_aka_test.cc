#include "core/crypto/aka/digest_aka.h"

#include <gtest/gtest.h>

#include "core/codec/base64url.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::aka {
namespace {

constexpr std::string_view kHeader =
    R"(Digest username="jon.dough@mobile.biz", realm="RoamingUsers@mobile.biz", nonce="nonce text", )"
    R"(uri="sip:home.mobile.biz", qop=auth, nc=00000001, cnonce="0a4f113b", )"
    R"(response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41", algorithm=AKAv1-MD5)";

TEST(DigestAka, ReadsCredentials) {
  const auto credentials = parse_digest_credentials(kHeader);
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->username, "jon.dough@mobile.biz");
  EXPECT_EQ(credentials->realm, "RoamingUsers@mobile.biz");
  EXPECT_EQ(credentials->nonce, "nonce text");
  EXPECT_EQ(credentials->uri, "sip:home.mobile.biz");
  EXPECT_EQ(credentials->nonce_count, "00000001");
  EXPECT_EQ(credentials->cnonce, "0a4f113b");
  EXPECT_EQ(credentials->opaque, "5ccc069c403ebaf9f0171e9517f40e41");
  EXPECT_TRUE(credentials->auts.empty());
  const auto again = parse_digest_credentials(write_digest_credentials(*credentials));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->response, credentials->response);
}

// RFC 2617 clause 3.5, with its password as RES: the arithmetic is the same (RFC 3310 clause 3.3).
TEST(DigestAka, Rfc2617Example) {
  DigestCredentials credentials;
  credentials.username = "Mufasa";
  credentials.realm = "testrealm@host.com";
  credentials.nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
  credentials.uri = "/dir/index.html";
  credentials.nonce_count = "00000001";
  credentials.cnonce = "0a4f113b";
  credentials.response = "6629fae49393a05397450978507c4ef1";
  EXPECT_TRUE(is_right_response(credentials, "GET", as_bytes("Circle Of Life")));
  EXPECT_FALSE(is_right_response(credentials, "POST", as_bytes("Circle Of Life")));
  EXPECT_FALSE(is_right_response(credentials, "GET", as_bytes("Circle Of Life ")));
  credentials.response = "6629FAE49393A05397450978507C4EF1";  // LHEX: lower case only
  EXPECT_FALSE(is_right_response(credentials, "GET", as_bytes("Circle Of Life")));
  credentials.response.clear();
  EXPECT_FALSE(is_right_response(credentials, "GET", as_bytes("Circle Of Life")));
}

// RFC 3310 clause 3.3: RES is octets; a NUL does not end it.
TEST(DigestAka, ResponsesAreBinary) {
  const std::array<std::byte, 8> one{std::byte{1}, std::byte{0}, std::byte{2}};
  const std::array<std::byte, 8> two{std::byte{1}, std::byte{0}, std::byte{3}};
  DigestCredentials credentials;
  EXPECT_NE(digest_response(credentials, "GET", one), digest_response(credentials, "GET", two));
}

// RFC 4169 clause 3: base64 of HMAC-MD5 keyed with RES, IK, CK.
TEST(DigestAka, PasswordOfTheSecondVersion) {
  const std::array<std::byte, 4> response{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  std::array<std::byte, 16> ck;
  std::array<std::byte, 16> ik;
  for (std::size_t i = 0; i < 16; ++i) {
    ik[i] = static_cast<std::byte>(0x20 + i);
    ck[i] = static_cast<std::byte>(0x40 + i);
  }
  const SecretBytes v2 = digest_password(DigestAlgorithm::AkaV2, response, ck, ik);
  EXPECT_EQ(as_text(v2.reveal()), "q8Lq3a6yWuu4oxCGJIxMkg==");
  const SecretBytes v1 = digest_password(DigestAlgorithm::AkaV1, response, ck, ik);
  EXPECT_TRUE(v1.equals(response));
}

TEST(DigestAka, ChallengeAndNonce) {
  Rand rand{};
  std::array<std::byte, kAutnBytes> autn{};
  rand[0] = std::byte{0xFF};
  autn[15] = std::byte{0xEE};
  DigestChallenge challenge{"alpha \"one\"", digest_nonce(rand, autn), "opaque", DigestAlgorithm::AkaV1, true};
  const std::string header = write_digest_challenge(challenge);
  const auto read = parse_digest_challenge(header);
  ASSERT_TRUE(read) << header;
  EXPECT_EQ(read->realm, challenge.realm);
  EXPECT_EQ(read->opaque, "opaque");
  EXPECT_TRUE(read->is_stale);
  const auto parts = read_nonce(read->nonce);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->rand, rand);
  EXPECT_EQ(parts->autn, autn);
  EXPECT_EQ(read_nonce("AAAA").error().code, Code::Truncated);
  EXPECT_EQ(read_nonce("not base64").error().code, Code::Base64Invalid);
  EXPECT_EQ(read_nonce(std::string(4096, 'A')).error().code, Code::TooLarge);
}

TEST(DigestAka, Auts) {
  std::array<std::byte, kAutsBytes> auts{std::byte{9}};
  std::string text;
  codec::base64_encode(auts, text);
  EXPECT_EQ(*read_auts(text), auts);
  EXPECT_EQ(read_auts("AAAAAAAAAAAAAAAAAAAA").error().code, Code::OutOfRange);  // 15 octets
  EXPECT_EQ(read_auts("AAAA").error().code, Code::OutOfRange);
  EXPECT_EQ(read_auts(text + "AAAA").error().code, Code::OutOfRange);
  EXPECT_EQ(read_auts("AAAAAAAAAAAAAAAAAA!=").error().code, Code::Base64Invalid);
}

// RFC 3310 clause 3.4: `auts`, and an empty response.
TEST(DigestAka, ResynchronisationHasAnEmptyResponse) {
  const auto credentials = parse_digest_credentials(
      R"(Digest username="a", realm="r", nonce="n", uri="/", response="", algorithm=AKAv1-MD5, qop=auth, nc=1, cnonce="c", auts="AAAA")");
  ASSERT_TRUE(credentials);
  EXPECT_TRUE(credentials->response.empty());
  EXPECT_EQ(credentials->auts, "AAAA");
}

Code code_of(std::string_view header) {
  const auto parsed = parse_digest_credentials(header);
  return parsed ? Code::Internal : parsed.error().code;
}

TEST(DigestAka, RefusesWhatIsWrong) {
  EXPECT_EQ(code_of("Basic YTpi"), Code::Unsupported);
  EXPECT_EQ(code_of(""), Code::Unsupported);
  EXPECT_EQ(code_of("Digest"), Code::ParameterMissing);
  EXPECT_EQ(code_of(R"(Digest username="a)"), Code::ParameterMalformed);
  EXPECT_EQ(code_of(R"(Digest username="a\)"), Code::ParameterMalformed);
  EXPECT_EQ(code_of(R"(Digest username=)"), Code::ParameterMalformed);
  EXPECT_EQ(code_of(R"(Digest ="a")"), Code::ParameterMalformed);
  EXPECT_EQ(code_of(R"(Digest username="a" realm="b")"), Code::ParameterMalformed);
  EXPECT_EQ(code_of("Digest username=\"a\nb\""), Code::ParameterMalformed);
  EXPECT_EQ(code_of(R"(Digest username="a", USERNAME="b")"), Code::ParameterRepeated);
  EXPECT_EQ(code_of("Digest " + std::string(kDigestHeaderMax, ' ')), Code::TooLarge);
  std::string many = "Digest a=b";
  for (std::size_t i = 0; i < kDigestParametersMax; ++i) many += ", a" + std::to_string(i) + "=b";
  EXPECT_EQ(code_of(many), Code::TooLarge);
  const std::string whole(kHeader);
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = whole;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  EXPECT_EQ(code_of(replaced("AKAv1-MD5", "MD5")), Code::AuthenticationScheme);
  EXPECT_EQ(code_of(replaced("qop=auth,", "qop=auth-int,")), Code::AuthenticationScheme);
  EXPECT_EQ(code_of(replaced("qop=auth,", "")), Code::ParameterMissing);
  EXPECT_EQ(code_of(replaced(", algorithm=AKAv1-MD5", "")), Code::ParameterMissing);
  EXPECT_EQ(code_of(replaced("nc=00000001,", "")), Code::ParameterMissing);
  EXPECT_EQ(code_of(replaced("uri=", "x=")), Code::ParameterMissing);
}

// Whatever is cut off, nothing is read that is not there.
TEST(DigestAka, TruncatedAtEveryOctet) {
  for (std::size_t size = 0; size < kHeader.size(); ++size) {
    // Cut inside the algorithm's name it is another algorithm: never a success.
    EXPECT_FALSE(parse_digest_credentials(kHeader.substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace claviger::aka
