// prompt, max_age, one sign-in for several clients, step-up (OIDC Core clause 3.1.2.1; spec 1.4, 3.3, 3.4, 4.3).
#include "broker/identity/authenticators/browser_session.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>

#include "broker/identity/authenticators/authenticator_procedures.h"
#include "broker/identity/authenticators/prompt.h"
#include "broker/identity/ue_procedures.h"
#include "core/crypto/one_time_password.h"
#include "tests/broker/identity/authenticators/sealing_bed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kSeed = "12345678901234567890";
constexpr std::string_view kSessionCookie = "__Host-claviger-session-alpha";

struct SignedInBrowser : ::testing::Test {
  SealingBed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();
  std::map<std::string, std::string> jar;

  void keep_cookies(const Reply& reply) {
    for (const auto& [name, value] : reply.headers) {
      if (name != "set-cookie") continue;
      const std::size_t equals = value.find('=');
      jar[value.substr(0, equals)] = value.substr(equals + 1, value.find(';') - equals - 1);
    }
  }
  Reply send(Sent sent) {
    std::string cookies;
    for (const auto& [name, value] : jar) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    if (!cookies.empty()) sent.fields.emplace_back(http::Field::Cookie, cookies);
    const Reply reply = bed.send(sent);
    keep_cookies(reply);
    return reply;
  }
  Reply authorize(const std::string& extra = {}, const std::string& client = "app") {
    return send(get("/idms/v1/alpha/authorize?" + authorize_query(client) + extra));
  }
  Reply post(const Reply& page, const std::string& fields) {
    return send(post_form("/idms/v1/alpha/sign-in", "interaction=" + hidden_interaction(page.body) + "&" + fields));
  }
  Reply sign_in() { return post(authorize("&prompt=login"), "username=ann&password=" + escaped("correct horse")); }
  std::string totp() {
    const std::uint64_t step = crypto::totp_step(numeric_date(bed.clock().wall()), 30);
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%06u",
                  *crypto::hotp(as_bytes(kSeed), step, 6, crypto::OtpAlgorithm::Sha1));
    return text.data();
  }
  void enrol() {
    AuthenticatorDraft draft;
    draft.kind = "totp";
    draft.seed = SecretBytes(as_bytes(kSeed));
    ASSERT_TRUE(bed.wait(add_authenticator(bed.context(), "alpha", ann.sub, std::move(draft))));
  }
  void set_policy(BrowserSession session, SecondFactor second = SecondFactor::Unsaid) {
    AuthenticationPolicy policy;
    policy.browser_session = session;
    policy.second_factor = second;
    ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", {}, policy)));
  }
  std::string claims(const Reply& redirect) {
    const Reply tokens =
        bed.send(post_form("/idms/v1/alpha/token",
                           "grant_type=authorization_code&client_id=app&code=" + redirect.redirected("code") +
                               "&redirect_uri=" + escaped(kRedirect) + "&code_verifier=" + std::string(kVerifier)));
    return claims_of(tokens.member("id_token"));
  }
};

TEST_F(SignedInBrowser, GetsACodeAtOnce) {
  const std::string first = claims(sign_in());
  bed.clock().advance(60s);
  const Reply again = authorize();
  ASSERT_EQ(again.status, 302);
  const std::string second = claims(again);
  EXPECT_EQ(member_of(first, "auth_time"), member_of(second, "auth_time"));
  EXPECT_EQ(member_of(first, "sub"), member_of(second, "sub"));
  EXPECT_EQ(authorize("&prompt=none").redirected("code").size(), 43U);
}

TEST_F(SignedInBrowser, PromptNoneWithoutASessionIsLoginRequired) {  // spec 4.3
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");
  jar[std::string(kSessionCookie)] = "AAAA";
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");
}

TEST_F(SignedInBrowser, PromptLoginAsksAnew) {
  sign_in();
  EXPECT_NE(authorize("&prompt=login").body.find("name=\"password\""), std::string::npos);
}

TEST_F(SignedInBrowser, MaxAge) {
  sign_in();
  bed.clock().advance(100s);
  EXPECT_EQ(authorize("&max_age=100").status, 302);
  EXPECT_EQ(authorize("&max_age=99").status, 200);
  EXPECT_EQ(authorize("&max_age=99&prompt=none").redirected("error"), "login_required");
  EXPECT_EQ(authorize("&max_age=0").status, 200);
}

TEST_F(SignedInBrowser, SelectAccountAndConsentAskFirst) {
  sign_in();
  const Reply page = authorize("&prompt=select_account");
  ASSERT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("value=\"continue\""), std::string::npos);
  EXPECT_EQ(post(page, "action=continue").redirected("code").size(), 43U);
  const Reply question = authorize("&prompt=consent");  // the consent page itself
  ASSERT_EQ(question.status, 200);
  EXPECT_NE(question.body.find("/consent\""), std::string::npos) << question.body;
  EXPECT_EQ(authorize("&prompt=none").status, 302);
  const Reply other = post(authorize("&prompt=select_account"), "action=other");
  EXPECT_NE(other.body.find("name=\"password\""), std::string::npos);
  EXPECT_EQ(post(other, "username=ann&password=" + escaped("correct horse")).status, 302);
  EXPECT_EQ(post(authorize("&prompt=select_account"), "action=cancel").redirected("error"), "access_denied");
}

TEST_F(SignedInBrowser, StepUpAsksForTheSecondFactorOnly) {  // RFC 9470
  set_policy(BrowserSession::Unsaid, SecondFactor::OnRequest);
  enrol();
  ASSERT_EQ(sign_in().status, 302);
  std::string query = authorize_query("app");
  const std::string old = escaped("3gpp:acr:password");
  query.replace(query.find(old), old.size(), "urn:claviger:acr:password-totp");
  const Reply none = send(get("/idms/v1/alpha/authorize?" + query + "&prompt=none"));
  EXPECT_EQ(none.redirected("error"), "interaction_required");
  const Reply page = send(get("/idms/v1/alpha/authorize?" + query));
  ASSERT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("name=\"code\""), std::string::npos);
  const Reply passed = post(page, "code=" + totp());
  EXPECT_EQ(member_of(claims(passed), "acr"), "urn:claviger:acr:password-totp");
  // From now on the browser has both.
  EXPECT_EQ(send(get("/idms/v1/alpha/authorize?" + query + "&prompt=none")).redirected("code").size(), 43U);
}

TEST_F(SignedInBrowser, WhatEndsTheUserEndsIt) {
  sign_in();
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");
  ASSERT_TRUE(bed.wait(enable_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");  // not_before
}

TEST_F(SignedInBrowser, SignOffEndsEveryCopyOfTheCookie) {
  sign_in();
  Sent sent = get("/");
  sent.fields.emplace_back(http::Field::Cookie, std::string(kSessionCookie) + "=" + jar[std::string(kSessionCookie)]);
  const auto session = browser_session_of(*bed.context(), "alpha", bed.request(sent));
  ASSERT_TRUE(session);
  EXPECT_FALSE(browser_session_of(*bed.context(), "bravo", bed.request(sent)));
  ASSERT_TRUE(bed.wait(end_browser_session(bed.context(), "alpha", *session)));
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");
}

// By the user himself, from another device; and for as long as any cookie of that sign-in lives.
TEST_F(SignedInBrowser, ASessionThatIsEndedElsewhereIsNotHadAgain) {
  const auto tokens_of = [&](const Reply& redirect) {
    return bed.send(post_form("/idms/v1/alpha/token",
                              "grant_type=authorization_code&client_id=app&code=" + redirect.redirected("code") +
                                  "&redirect_uri=" + escaped(kRedirect) + "&code_verifier=" + std::string(kVerifier)));
  };
  const std::string sid = member_of(claims_of(tokens_of(sign_in()).member("id_token")), "sid");
  const auto left_on = jar;
  jar.clear();
  bed.clock().advance(2s);
  const Reply here = tokens_of(sign_in());
  // The shift is shorter from now on; cookies that were made before are as long as they were.
  bed.settings().lifetimes.session_idle = Seconds(1800);
  bed.publish();
  Sent sent = get("/idms/v1/alpha/sessions/" + sid);
  sent.method = http::Method::Delete;
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + here.member("access_token"));
  EXPECT_EQ(bed.send(sent).status, 204);
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "") << "this device's is another sign-in";
  jar = left_on;
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");
  bed.clock().advance(1801s);
  jar = left_on;
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");
}

TEST_F(SignedInBrowser, ExpiresWithTheShift) {
  sign_in();
  bed.clock().advance(12h - 1s);
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "");
  bed.clock().advance(1s);
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");
}

TEST_F(SignedInBrowser, PolicySaysWhomItServes) {
  set_policy(BrowserSession::Off);
  sign_in();
  EXPECT_FALSE(jar.contains(std::string(kSessionCookie)));
  set_policy(BrowserSession::Unsaid);
  sign_in();
  EXPECT_TRUE(jar.contains(std::string(kSessionCookie)));
  set_policy(BrowserSession::Off);
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");
  EXPECT_TRUE(allows_browser_session(BrowserSession::Unsaid, ClientProfile::Plain));
  EXPECT_FALSE(allows_browser_session(BrowserSession::Unsaid, ClientProfile::Mc));
  EXPECT_TRUE(allows_browser_session(BrowserSession::All, ClientProfile::Mc));
}

// spec 3.1 R-5.11-002: "no cross-UE SSO"
TEST_F(SignedInBrowser, AnotherUeIsAnotherSignIn) {
  sign_in();
  jar.erase("__Host-claviger-ue");
  EXPECT_EQ(authorize("&prompt=none").redirected("error"), "login_required");
}

// RFC 8252 clause 8.6
TEST_F(SignedInBrowser, AnAppThatMayBeAnybodyIsNamedFirst) {
  ClientDraft draft;
  draft.client_id = "native";
  draft.redirect_uris = {"com.example.app:/cb"};
  draft.may_code = true;
  bed.add_client(std::move(draft));
  sign_in();
  std::string query = authorize_query("native");
  query.replace(query.find(escaped(kRedirect)), escaped(kRedirect).size(), escaped("com.example.app:/cb"));
  const Reply page = send(get("/idms/v1/alpha/authorize?" + query));
  ASSERT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("native"), std::string::npos);
  EXPECT_NE(page.body.find("value=\"continue\""), std::string::npos);
  EXPECT_EQ(send(get("/idms/v1/alpha/authorize?" + query + "&prompt=none")).redirected("error"),
            "interaction_required");
}

// TS 22.179 4.5.4: users of a gateway UE share its address; one of them guesses at another's account.
TEST_F(SignedInBrowser, ANeighbourAtTheSameAddressKeepsNobodyOut) {
  sign_in();
  const auto own = jar;
  jar.clear();
  for (int i = 0; i < 8; ++i) {
    post(authorize("&prompt=login"), "username=ann&password=wrong");
    jar.clear();
  }
  EXPECT_EQ(post(authorize("&prompt=login"), "username=ann&password=" + escaped("correct horse")).status, 429);
  jar = own;
  EXPECT_EQ(sign_in().status, 302);
  // His own device is held, too, when it is where the guesses come from.
  for (int i = 0; i < 5; ++i) post(authorize("&prompt=login"), "username=ann&password=wrong");
  EXPECT_EQ(sign_in().status, 429);
}

TEST(Prompts, AreReadOrRefused) {
  const auto read = [](std::string_view query) { return read_prompt(*codec::parse_form(query)); };
  EXPECT_TRUE(read("prompt=login+consent+select_account")->consent);
  EXPECT_TRUE(read("prompt=none")->none);
  EXPECT_EQ(*read("max_age=7")->max_age, 7);
  for (const std::string_view bad : {"prompt=none+login", "max_age=-1", "max_age=x", "max_age=99999999999999999999"}) {
    EXPECT_EQ(read(bad).error().code, Code::ParameterMalformed) << bad;
  }
}

}  // namespace
}  // namespace claviger::identity
