// A sign-in with a key (WebAuthn), and with a certificate in the place of the password: the pages, the refusals, the races.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "broker/identity/authenticators/authenticator_procedures.h"
#include "broker/identity/authenticators/policy.h"
#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/authenticators/webauthn.h"
#include "core/codec/base64url.h"
#include "core/crypto/certificate_authority.h"
#include "core/crypto/digest.h"
#include "core/crypto/one_time_password.h"
#include "tests/broker/identity/authenticators/sealing_bed.h"
#include "tests/broker/identity/authenticators/soft_key.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kSeed = "12345678901234567890";

struct KeySignIn : ::testing::Test {
  SealingBed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();
  SoftKey key;
  std::string interaction;
  std::string cookie;
  Reply page;

  void set_policy(SecondFactor second, Enrolment enrolment, std::vector<std::string> methods = {}) {
    AuthenticationPolicy policy;
    policy.second_factor = second;
    policy.enrolment = enrolment;
    policy.methods = std::move(methods);
    ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", {}, policy)));
  }
  static std::string query(std::string_view acr_values) {
    std::string text = authorize_query("app");
    const std::string old = escaped("3gpp:acr:password");
    return text.replace(text.find(old), old.size(), escaped(acr_values));
  }
  void begin(const std::string& wanted = authorize_query("app")) {
    page = bed.send(get("/idms/v1/alpha/authorize?" + wanted));
    interaction = hidden_interaction(page.body);
    cookie = page.header("set-cookie");
    cookie = cookie.substr(0, cookie.find(';'));
  }
  Reply post(const std::string& fields) {
    Sent sent = post_form("/idms/v1/alpha/sign-in", "interaction=" + interaction + "&" + fields);
    sent.fields.emplace_back(http::Field::Cookie, cookie);
    page = bed.send(sent);
    if (page.status == 200) interaction = hidden_interaction(page.body);
    return page;
  }
  Reply password(std::string_view login = "ann") {
    return post("username=" + std::string(login) + "&password=" + escaped("correct horse"));
  }
  // Of the page's options.
  std::string challenge() const {
    constexpr std::string_view kName = "&quot;challenge&quot;:&quot;";
    const std::size_t at = page.body.find(kName);
    EXPECT_NE(at, std::string::npos) << page.body;
    return page.body.substr(at + kName.size(), 43);
  }
  Reply answer(const std::string& text) { return post("answer=" + escaped(text)); }
  Reply enrol() {
    set_policy(SecondFactor::Required, Enrolment::Himself);
    begin();
    password();
    return answer(key.make(challenge()));
  }
  std::string totp(int steps = 0) {
    const std::uint64_t step =
        crypto::totp_step(numeric_date(bed.clock().wall()), 30) + static_cast<std::uint64_t>(steps);
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%06u",
                  *crypto::hotp(as_bytes(kSeed), step, 6, crypto::OtpAlgorithm::Sha1));
    return text.data();
  }
  void enrol_totp() {
    AuthenticatorDraft draft;
    draft.kind = "totp";
    draft.seed = SecretBytes(as_bytes(kSeed));
    ASSERT_TRUE(bed.wait(add_authenticator(bed.context(), "alpha", ann.sub, std::move(draft))));
  }
  std::string claims(const Reply& redirect) {
    const Reply tokens =
        bed.send(post_form("/idms/v1/alpha/token",
                           "grant_type=authorization_code&client_id=app&code=" + redirect.redirected("code") +
                               "&redirect_uri=" + escaped(kRedirect) + "&code_verifier=" + std::string(kVerifier)));
    return claims_of(tokens.member("id_token"));
  }
};

// spec 3.4, row "biometrics / secure ID / smart card"

TEST_F(KeySignIn, HeEnrolsAKeyOnThePageAndSignsInWithIt) {
  EXPECT_EQ(member_of(claims(enrol()), "acr"), kAcrPasswordWebAuthn);
  begin();
  EXPECT_EQ(password().status, 200);
  EXPECT_EQ(page.body.find("name=\"code\""), std::string::npos);  // nothing to type
  key.count = 2;
  const Reply passed = answer(key.sign(challenge()));
  ASSERT_EQ(passed.status, 302);
  const std::string text = claims(passed);
  EXPECT_EQ(member_of(text, "acr"), kAcrPasswordWebAuthn);
  EXPECT_NE(text.find(R"("amr":["pwd","pop","mfa"])"), std::string::npos) << text;
}

TEST_F(KeySignIn, OnlyThatPageHasAScriptUnderANonceOfItsOwn) {
  const Reply login = (begin(), page);
  EXPECT_EQ(login.header("content-security-policy").find("script-src"), std::string::npos);
  enrol();
  std::vector<std::string> nonces;
  for (int i = 0; i < 2; ++i) {
    begin();
    password();
    const std::string policy = page.header("content-security-policy");
    const std::size_t at = policy.find("script-src 'nonce-");
    ASSERT_NE(at, std::string::npos) << policy;
    nonces.push_back(policy.substr(at + 18, policy.find('\'', at + 18) - at - 18));
    EXPECT_NE(page.body.find("<script nonce=\"" + nonces.back() + "\">"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  }
  EXPECT_NE(nonces[0], nonces[1]);
  EXPECT_GE(nonces[0].size(), 22U);
}

TEST_F(KeySignIn, TheChallengeIsTheInteractions) {
  enrol();
  begin();
  password();
  const std::string first = challenge();
  key.count = 2;
  const std::string signed_for_first = key.sign(first);
  begin();
  password();
  EXPECT_NE(challenge(), first);
  EXPECT_EQ(answer(signed_for_first).status, 200);
  EXPECT_NE(page.body.find("role=\"alert\" id=\"alert\""), std::string::npos);
  key.count = 3;
  EXPECT_EQ(answer(key.sign(challenge())).status, 302);
}

TEST_F(KeySignIn, AnAnswerIsGoodOnce) {
  enrol();
  begin();
  password();
  key.count = 2;
  const std::string own = interaction;
  const std::string once = key.sign(challenge());
  ASSERT_EQ(answer(once).status, 302);
  interaction = own;
  EXPECT_NE(answer(once).status, 302);
}

TEST_F(KeySignIn, AKeyIsOneUsersOnly) {  // spec 3.2
  enrol();
  bed.add_user("bob");
  begin();
  password("bob");
  EXPECT_EQ(answer(key.make(challenge())).status, 200);
  key.id = "another one";
  EXPECT_EQ(answer(key.make(challenge())).status, 302);
  // And bob's does not answer for ann.
  begin();
  password();
  key.count = 9;
  EXPECT_EQ(answer(key.sign(challenge())).status, 200);
}

TEST_F(KeySignIn, TheLongestCredentialIdIsEnrolledAndOneUsersOnly) {  // WebAuthn clause 6.5.1: 1023 octets
  key.id = std::string(kCredentialIdMax, 'i');
  EXPECT_EQ(enrol().status, 302);
  bed.add_user("bob");
  begin();
  password("bob");
  EXPECT_EQ(answer(key.make(challenge())).status, 200);
  key.id.back() = 'j';
  EXPECT_EQ(answer(key.make(challenge())).status, 302);
  key.id.back() = 'i';
  begin();
  password();
  key.count = 2;
  EXPECT_EQ(answer(key.sign(challenge())).status, 302);
}

TEST_F(KeySignIn, WhoHasASecondFactorShowsItBeforeHeEnrolsAnother) {
  enrol_totp();
  set_policy(SecondFactor::Enrolled, Enrolment::Himself);
  begin(query(kAcrPasswordWebAuthn));
  password();
  EXPECT_NE(page.body.find("name=\"code\""), std::string::npos);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_EQ(post("code=000000").status, 200);
  const std::string code = totp();
  EXPECT_EQ(post("code=" + code).status, 200);
  const Reply passed = answer(key.make(challenge()));
  ASSERT_EQ(passed.status, 302);
  EXPECT_EQ(member_of(claims(passed), "acr"), kAcrPasswordWebAuthn);
  // The code that led there is used up.
  begin(query("urn:claviger:acr:password-totp"));
  password();
  EXPECT_EQ(post("code=" + code).status, 200);
  key.count = 2;
  EXPECT_EQ(answer(key.sign(challenge())).status, 302);  // a key serves where a code is asked for
}

TEST_F(KeySignIn, PolicySaysWhetherKeysMayBe) {
  set_policy(SecondFactor::Required, Enrolment::Himself, {"password", "totp"});
  begin();
  password();
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_NE(page.body.find("<svg"), std::string::npos);
  EXPECT_EQ(answer(key.make("eA")).status, 200);
  set_policy(SecondFactor::Required, Enrolment::Himself, {"password", "webauthn"});
  begin();
  password();
  EXPECT_EQ(page.body.find("<svg"), std::string::npos);
  EXPECT_EQ(answer(key.make(challenge())).status, 302);
}

TEST_F(KeySignIn, AnAdministratorCannotEnrolAKeyForHim) {
  AuthenticatorDraft draft;
  draft.kind = "webauthn";
  EXPECT_EQ(bed.wait(add_authenticator(bed.context(), "alpha", ann.sub, std::move(draft))).error().code,
            Code::AuthenticatorRefused);
}

TEST_F(KeySignIn, RecoveryCodesStandInForAKey) {
  enrol();
  AuthenticatorDraft draft;
  draft.kind = "recovery";
  const auto sheet = bed.wait(add_authenticator(bed.context(), "alpha", ann.sub, std::move(draft)));
  ASSERT_TRUE(sheet);
  begin();
  password();
  EXPECT_EQ(post("code=" + std::string(as_text(sheet->codes[0].reveal()))).status, 302);
}

TEST_F(KeySignIn, TheThrottledSecondStepStaysWhereItIs) {  // 429 with the page and Retry-After
  enrol_totp();
  begin();
  password();
  for (int i = 0; i < 5; ++i) post("code=000000");
  begin();
  password();
  const Reply busy = post("code=" + totp());
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.header("retry-after"), "30");
  EXPECT_NE(busy.body.find("name=\"code\""), std::string::npos);
  EXPECT_NE(busy.body.find("Try again in 30 seconds."), std::string::npos);
  interaction = hidden_interaction(busy.body);
  bed.clock().advance(30s);
  EXPECT_EQ(post("code=" + totp()).status, 302);
}

TEST_F(KeySignIn, TheLoginPageNamesTheApplication) {
  ClientDraft draft;
  draft.client_id = "lure";
  draft.name = "Totally <Different> App";
  draft.redirect_uris = {std::string(kRedirect)};
  draft.authentication = ClientAuthentication::None;
  draft.may_code = true;
  bed.add_client(std::move(draft));
  begin(authorize_query("lure"));
  EXPECT_NE(page.body.find("<strong>Totally &lt;Different&gt; App</strong>"), std::string::npos) << page.body;
  post("username=ann&password=wrong");
  EXPECT_NE(page.body.find("<strong>Totally &lt;Different&gt; App</strong>"), std::string::npos);
  begin();
  EXPECT_NE(page.body.find("<strong>app</strong>"), std::string::npos);
  enrol_totp();  // so does the second step, to which a browser that is signed in comes at once
  begin(authorize_query("lure"));
  password();
  EXPECT_NE(page.body.find("<strong>Totally &lt;Different&gt; App</strong>"), std::string::npos) << page.body;
  EXPECT_NE(page.body.find("name=\"code\""), std::string::npos);
}

// spec 3.4, row "mutual TLS certificate"

struct CertificateSignIn : KeySignIn {
  crypto::CertificateAuthority authority = *crypto::CertificateAuthority::make("client CA", 0, 4'000'000'000);

  crypto::Certificate certificate(std::string uri) {
    crypto::CertificateRequest request;
    request.common_name = "ann";
    request.uris = {std::move(uri)};
    request.use = crypto::CertificateUse::Client;
    request.not_after = 4'000'000'000;
    const auto issued = authority.issue(request);
    EXPECT_TRUE(issued);
    return crypto::Certificate::from_pem(issued->certificate_pem)->front();
  }
  void show(const crypto::Certificate& shown, bool is_trusted = true) {
    bed.peer().certificate_der = as_text(shown.der());
    bed.peer().certificate_digest = crypto::sha256(shown.der());
    bed.peer().is_certificate_trusted = is_trusted;
  }
  Result<EnrolledAuthenticator> enrol_certificate(const User& user, std::string serial, std::string pem = {}) {
    AuthenticatorDraft draft;
    draft.kind = "x509";
    draft.serial = std::move(serial);
    draft.certificate = std::move(pem);
    return bed.wait(add_authenticator(bed.context(), "alpha", user.sub, std::move(draft)));
  }
};
constexpr std::string_view kButton = "value=\"connection\"";

TEST_F(CertificateSignIn, TakesThePlaceOfThePassword) {
  const crypto::Certificate own = certificate("urn:agency:ann");
  ASSERT_TRUE(enrol_certificate(ann, {}, own.pem()));
  begin();
  EXPECT_EQ(page.body.find(kButton), std::string::npos);
  show(own);
  begin();
  EXPECT_NE(page.body.find(kButton), std::string::npos);
  const Reply passed = post("action=connection");
  ASSERT_EQ(passed.status, 302);
  const std::string text = claims(passed);
  EXPECT_EQ(member_of(text, "acr"), kAcrCertificate);
  EXPECT_NE(text.find(R"("amr":["pop"])"), std::string::npos) << text;
  const auto enrolled = bed.wait(list_authenticators(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(enrolled);
  EXPECT_NE(enrolled->front().last_used_at, 0);
}

TEST_F(CertificateSignIn, AUriOfTheClientCaNamesHimAcrossRenewals) {  // "user from SAN URI, never from CN alone"
  ASSERT_TRUE(enrol_certificate(ann, "san:urn:agency:ann"));
  show(certificate("urn:agency:ann"));
  begin();
  EXPECT_EQ(post("action=connection").status, 302);
  show(certificate("urn:agency:ann"));  // a new key
  begin();
  EXPECT_EQ(post("action=connection").status, 302);
  show(certificate("urn:agency:bob"));  // the same common name
  begin();
  EXPECT_EQ(page.body.find(kButton), std::string::npos);
  const Reply nobody = post("action=connection");
  EXPECT_EQ(nobody.status, 200);
  EXPECT_NE(nobody.body.find("role=\"alert\""), std::string::npos);
}

TEST_F(CertificateSignIn, OnlyOneThatChainsToTheClientCa) {
  const crypto::Certificate own = certificate("urn:agency:ann");
  ASSERT_TRUE(enrol_certificate(ann, {}, own.pem()));
  ASSERT_TRUE(enrol_certificate(ann, "san:urn:agency:ann"));
  show(own, false);
  begin();
  EXPECT_EQ(page.body.find(kButton), std::string::npos);
  EXPECT_EQ(post("action=connection").status, 200);
}

TEST_F(CertificateSignIn, WhatAProxySaysOfACertificateDoesNotCount) {
  const crypto::Certificate own = certificate("urn:agency:ann");
  ASSERT_TRUE(enrol_certificate(ann, {}, own.pem()));
  std::string encoded;
  codec::base64url_encode(own.der(), encoded);
  begin();
  Sent sent = post_form("/idms/v1/alpha/sign-in", "interaction=" + interaction + "&action=connection");
  sent.fields.emplace_back(http::Field::Cookie, cookie);
  sent.fields.emplace_back(http::Field::Other, ":" + encoded + ":");
  EXPECT_EQ(bed.send(sent).status, 200);
}

TEST_F(CertificateSignIn, IsOneUsersOnlyAndUntilItIsTaken) {
  const User bob = bed.add_user("bob");
  const crypto::Certificate own = certificate("urn:agency:ann");
  const auto made = enrol_certificate(ann, {}, own.pem());
  ASSERT_TRUE(made);
  EXPECT_EQ(enrol_certificate(bob, {}, own.pem()).error().code, Code::AuthenticatorTaken);
  show(own);
  begin();
  ASSERT_TRUE(bed.wait(remove_authenticator(bed.context(), "alpha", ann.sub, made->record.id)));
  EXPECT_EQ(post("action=connection").status, 200);
}

TEST_F(CertificateSignIn, ADisabledUserIsDenied) {
  ASSERT_TRUE(enrol_certificate(ann, "san:urn:agency:ann"));
  show(certificate("urn:agency:ann"));
  begin();
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(post("action=connection").redirected("error"), "access_denied");
}

TEST_F(CertificateSignIn, PolicyAndAcrCount) {
  ASSERT_TRUE(enrol_certificate(ann, "san:urn:agency:ann"));
  show(certificate("urn:agency:ann"));
  begin(query("urn:claviger:acr:password-totp"));  // a certificate is no password
  EXPECT_EQ(page.body.find(kButton), std::string::npos);
  EXPECT_EQ(post("action=connection").status, 200);
  begin(query(kAcrCertificate));
  EXPECT_EQ(post("action=connection").status, 302);
  begin(query(kAcrCertificate));  // nor a password a certificate
  EXPECT_EQ(password().redirected("error"), "unmet_authentication_requirements");
  set_policy(SecondFactor::Unsaid, Enrolment::Unsaid, {"password", "totp"});
  begin();
  EXPECT_EQ(post("action=connection").redirected("error"), "access_denied");
}

TEST_F(CertificateSignIn, ASecondFactorMayBeDemandedAfterIt) {
  ASSERT_TRUE(enrol_certificate(ann, "san:urn:agency:ann"));
  enrol_totp();
  show(certificate("urn:agency:ann"));
  begin();
  EXPECT_EQ(post("action=connection").status, 200);
  EXPECT_NE(page.body.find("name=\"code\""), std::string::npos);
  const Reply passed = post("code=" + totp());
  ASSERT_EQ(passed.status, 302);
  const std::string text = claims(passed);
  EXPECT_EQ(member_of(text, "acr"), kAcrCertificate);
  EXPECT_NE(text.find(R"("amr":["pop","otp","mfa"])"), std::string::npos) << text;
}

TEST_F(CertificateSignIn, WhatCannotBeEnrolled) {
  for (const std::string& serial :
       {std::string(), std::string("CN=ann"), std::string("san:"), std::string("x5t:short")}) {
    EXPECT_EQ(enrol_certificate(ann, serial).error().code, Code::AuthenticatorRefused) << serial;
  }
  EXPECT_EQ(enrol_certificate(ann, {}, "no certificate").error().code, Code::AuthenticatorRefused);
  EXPECT_EQ(enrol_certificate(ann, {}, authority.certificate_pem() + authority.certificate_pem()).error().code,
            Code::AuthenticatorRefused);
  const std::string pem = certificate("urn:agency:ann").pem();
  EXPECT_EQ(enrol_certificate(ann, "san:urn:agency:ann", pem).error().code, Code::AuthenticatorRefused);
}

}  // namespace
}  // namespace claviger::identity
