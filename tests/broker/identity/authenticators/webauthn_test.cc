// Web Authentication Level 2, clauses 7.1 and 7.2: every check, by an authenticator that fails it.
#include "broker/identity/authenticators/webauthn.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/broker/identity/authenticators/soft_key.h"

namespace claviger::identity {
namespace {

using crypto::SignatureAlgorithm;

const std::string kHere = "b3BhcXVlLWNoYWxsZW5nZS1vZi0zMi1ieXRlcy0tLS0";

struct WebAuthnAnswers : ::testing::Test {
  WebAuthnExpected expected{relying_party_of("https://idms.alpha.example/idms/v1/alpha"), kHere};
  SoftKey key;

  std::string refused(const std::string& answer) {
    const auto made = check_made(expected, answer);
    if (made) return "accepted";
    EXPECT_EQ(made.error().code, Code::WebAuthnInvalid);
    return std::string(made.error().where);
  }
  WebAuthnCredential credential() {
    const auto made = check_made(expected, key.make(kHere));
    EXPECT_TRUE(made);
    return made ? *made : WebAuthnCredential();
  }
  std::string refused_signature(const std::string& answer, const WebAuthnCredential& of) {
    const auto signed_ = check_signed(expected, of, "aGFuZGxl", answer);
    if (signed_) return "accepted";
    EXPECT_EQ(signed_.error().code, Code::WebAuthnInvalid);
    return std::string(signed_.error().where);
  }
};

TEST_F(WebAuthnAnswers, TheRelyingPartyIsTheIssuersHost) {
  EXPECT_EQ(expected.party.id, "idms.alpha.example");
  EXPECT_EQ(expected.party.origin, "https://idms.alpha.example");
  EXPECT_EQ(relying_party_of("https://localhost:8443/idms/v1/a").origin, "https://localhost:8443");
}

TEST_F(WebAuthnAnswers, KeysOfAllThreeKindsAreMadeAndSign) {
  for (const auto algorithm : {SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa, SignatureAlgorithm::Rs256}) {
    const SoftKey one(algorithm);
    const auto made = check_made(expected, one.make(kHere));
    ASSERT_TRUE(made) << made.error().where;
    EXPECT_EQ(made->id, SoftKey::base64url(one.id));
    EXPECT_EQ(made->sign_count, 1U);
    SoftKey next(SignatureAlgorithm::Es256);
    next.key = std::move(const_cast<SoftKey&>(one).key);
    next.count = 2;
    const auto count = check_signed(expected, *made, "aGFuZGxl", next.sign(kHere));
    ASSERT_TRUE(count) << count.error().where;
    EXPECT_EQ(*count, 2U);
  }
}

TEST_F(WebAuthnAnswers, WhatIsSignedElsewhereIsRefused) {  // 7.1 steps 7 to 13
  EXPECT_EQ(refused(key.make("YW5vdGhlcg")), "webauthn.challenge");
  EXPECT_EQ(refused(key.sign(kHere)), "webauthn.type");
  key.origin = "https://idms.alpha.example.evil.example";
  EXPECT_EQ(refused(key.make(kHere)), "webauthn.origin");
  key.origin = "http://idms.alpha.example";
  EXPECT_EQ(refused(key.make(kHere)), "webauthn.origin");
  key.origin = expected.party.origin;
  key.rp_id = "alpha.example";
  EXPECT_EQ(refused(key.make(kHere)), "webauthn.rp_id");
  key.rp_id = expected.party.id;
  key.extra_client_data = R"(,"crossOrigin":true)";
  EXPECT_EQ(refused(key.make(kHere)), "webauthn.cross_origin");
  key.extra_client_data = R"(,"crossOrigin":"no")";
  EXPECT_EQ(refused(key.make(kHere)), "webauthn.cross_origin");
  key.extra_client_data = R"(,"topOrigin":"https://evil.example")";
  EXPECT_EQ(refused(key.make(kHere)), "webauthn.cross_origin");
  key.extra_client_data = R"(,"origin":"https://evil.example")";
  EXPECT_EQ(refused(key.make(kHere)), "webauthn.client_data");
  key.extra_client_data = R"(,"crossOrigin":false,"later":{"an":"extension"})";
  EXPECT_EQ(refused(key.make(kHere)), "accepted");
}

TEST_F(WebAuthnAnswers, TheUserMustHaveBeenVerified) {  // 7.1 steps 14 to 16
  const auto with = [&](unsigned flags) {
    key.flags = flags;
    return refused(key.make(kHere));
  };
  EXPECT_EQ(with(0x04), "webauthn.user_present");
  EXPECT_EQ(with(0x01), "webauthn.user_verified");
  EXPECT_EQ(with(0x15), "webauthn.backup");
  EXPECT_EQ(with(0x1D), "accepted");
  const WebAuthnCredential of = credential();
  key.count = 9;
  key.flags = 0x01;
  EXPECT_EQ(refused_signature(key.sign(kHere), of), "webauthn.user_verified");
  key.flags = 0x04;
  EXPECT_EQ(refused_signature(key.sign(kHere), of), "webauthn.user_present");
}

TEST_F(WebAuthnAnswers, ACredentialIsThereAndEndsWhereItSays) {
  const std::string client = key.client_data("webauthn.create", kHere);
  EXPECT_EQ(refused(key.make_with(client, key.data(0x05, key.credential()))), "webauthn.credential");
  const std::string whole = key.data(0x45, key.credential());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refused(key.make_with(client, std::string_view(whole).substr(0, size))), "accepted") << size;
  }
  EXPECT_EQ(refused(key.make_with(client, whole + "x")), "webauthn.data");
  EXPECT_EQ(refused(key.make_with(client, key.data(0xC5, key.credential() + "\xa0"))), "accepted");
  EXPECT_EQ(refused(key.make_with(client, key.data(0xC5, key.credential()))), "webauthn.data");
  EXPECT_EQ(refused(key.make_with(client, key.data(0xC5, key.credential() + "\x80"))), "webauthn.data");
  EXPECT_EQ(refused(key.make_with(client, key.data(0xC5, key.credential() + "\xa0\xa0"))), "webauthn.data");
  key.id = std::string(kCredentialIdMax + 1, 'i');
  EXPECT_EQ(refused(key.make(kHere)), "webauthn.credential");
  key.id.clear();
  EXPECT_EQ(refused(key.make(kHere)), "webauthn.credential");
  key.id = std::string(kCredentialIdMax, 'i');
  EXPECT_EQ(refused(key.make(kHere)), "accepted");
}

TEST_F(WebAuthnAnswers, TheIdIsTheOneOfTheKey) {
  std::string answer = key.make(kHere);
  const std::string id = SoftKey::base64url(key.id);
  answer.replace(answer.find(id), id.size(), SoftKey::base64url("another"));
  EXPECT_EQ(refused(answer), "webauthn.credential");
}

TEST_F(WebAuthnAnswers, RubbishIsNoAnswer) {
  EXPECT_EQ(refused(""), "webauthn.answer");
  EXPECT_EQ(refused("[]"), "webauthn.answer");
  EXPECT_EQ(refused("{}"), "webauthn.answer");
  EXPECT_EQ(refused(std::string(kWebAuthnAnswerMax + 1, ' ')), "webauthn.size");
  EXPECT_EQ(refused(R"({"id":"a","clientDataJSON":"=","attestationObject":""})"), "webauthn.base64url");
  EXPECT_EQ(refused(R"({"id":"a","clientDataJSON":"eA","attestationObject":""})"), "webauthn.client_data");
  EXPECT_FALSE(credential_of("{}"));
  EXPECT_EQ(*credential_of(R"({"id":"x"})"), "x");
}

TEST_F(WebAuthnAnswers, KeysThatAreNone) {  // 7.1 step 17: only what we asked for
  const auto cose = [](std::string_view text) {
    const auto read = read_cose_key(as_bytes(text));
    return read ? std::string("accepted") : std::string(read.error().where);
  };
  const std::string good = key.cose();
  EXPECT_EQ(cose(good), "accepted");
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_EQ(cose(good.substr(0, size)), "webauthn.key") << size;
  EXPECT_EQ(cose(good + "x"), "webauthn.key");
  std::string es384 = good;
  es384[4] = '\x38';
  EXPECT_NE(cose(es384), "accepted");
  std::string off_curve = good;
  off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
  EXPECT_EQ(cose(off_curve), "webauthn.key");
  EXPECT_EQ(cose(std::string("\xa3\x01\x02\x03\x26\x01\x02", 7)), "webauthn.key");  // a label twice
  EXPECT_EQ(cose(std::string("\xa2\x01\x02\x03\x26", 5)), "webauthn.algorithm");
  EXPECT_EQ(cose(std::string("\xa1\x01\x04", 3)), "webauthn.algorithm");  // symmetric
}

TEST_F(WebAuthnAnswers, OnlyTheKeyItselfSigns) {  // 7.2 step 20
  const WebAuthnCredential of = credential();
  key.count = 2;
  EXPECT_EQ(refused_signature(key.sign(kHere), of), "accepted");
  EXPECT_EQ(refused_signature(key.sign("YW5vdGhlcg"), of), "webauthn.challenge");
  SoftKey other;
  other.count = 2;
  EXPECT_EQ(refused_signature(other.sign(kHere), of), "webauthn.signature");
  other.id = "another";
  EXPECT_EQ(refused_signature(other.sign(kHere), of), "webauthn.credential");
  EXPECT_EQ(refused_signature(key.make(kHere), of), "webauthn.type");
  const std::string client = key.client_data("webauthn.get", kHere);
  EXPECT_EQ(refused_signature(key.sign_with(client, key.data(0x05, "x")), of), "webauthn.data");
  EXPECT_EQ(refused_signature(key.sign_with(client, key.data(0x45, key.credential())), of), "webauthn.data");
  EXPECT_EQ(refused_signature(key.sign_with(client, "short"), of), "webauthn.data");
}

TEST_F(WebAuthnAnswers, TheHandleIsTheUsers) {  // 7.2 step 6
  const WebAuthnCredential of = credential();
  key.count = 2;
  key.user_handle = "aGFuZGxl";
  EXPECT_EQ(refused_signature(key.sign(kHere), of), "accepted");
  key.user_handle = "c29tZWJvZHkgZWxzZQ";
  EXPECT_EQ(refused_signature(key.sign(kHere), of), "webauthn.user_handle");
}

TEST_F(WebAuthnAnswers, ACounterThatDoesNotGrowIsACopy) {  // 7.2 step 21
  key.count = 7;
  const WebAuthnCredential of = credential();
  EXPECT_EQ(refused_signature(key.sign(kHere), of), "webauthn.counter");
  key.count = 6;
  EXPECT_EQ(refused_signature(key.sign(kHere), of), "webauthn.counter");
  key.count = 0;
  EXPECT_EQ(refused_signature(key.sign(kHere), of), "webauthn.counter");
  key.count = 8;
  EXPECT_EQ(refused_signature(key.sign(kHere), of), "accepted");
  key.count = 0;
  const WebAuthnCredential without = credential();
  EXPECT_EQ(refused_signature(key.sign(kHere), without), "accepted");
}

}  // namespace
}  // namespace claviger::identity
