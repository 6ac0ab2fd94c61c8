// OIDC RP-Initiated Logout clause 2: who signs off in a browser is signed in at none of the clients that its one sign-in
// served.
#include "broker/identity/browser_sign_off.h"

#include <gtest/gtest.h>

#include <map>

#include "broker/identity/authenticators/policy.h"
#include "broker/identity/backchannel_rows.h"
#include "broker/identity/session_procedures.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kWeb = "https://app.example/cb";

struct Browser {
  std::map<std::string, std::string> jar;

  Reply send(Testbed& bed, Sent sent) {
    std::string cookies;
    for (const auto& [name, value] : jar) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    if (!cookies.empty()) sent.fields.emplace_back(http::Field::Cookie, cookies);
    const Reply reply = bed.send(sent);
    for (const auto& [name, value] : reply.headers) {
      if (name != "set-cookie") continue;
      const std::size_t equals = value.find('=');
      jar[value.substr(0, equals)] = value.substr(equals + 1, value.find(';') - equals - 1);
    }
    return reply;
  }
};

struct BrowserSignOff : ::testing::Test {
  Testbed bed;
  Browser browser;

  void SetUp() override {
    for (const char* login : {"ann", "bob"}) bed.add_user(login, "pw");
    for (const std::string id : {"one", "two", "mc"}) {
      ClientDraft draft;
      draft.client_id = id;
      draft.profile = id == "mc" ? ClientProfile::Mc : ClientProfile::Plain;
      draft.redirect_uris = {std::string(kRedirect), std::string(kWeb)};
      draft.may_code = true;
      draft.has_pairwise_subject = id == "two";
      draft.sector_identifier = id == "two" ? "two.example" : "";
      bed.add_client(draft);
    }
  }
  Reply tokens_of(Browser& where, const std::string& client, const std::string& login = "ann",
                  const std::string& extra = {}) {
    Reply answer = where.send(bed, get("/idms/v1/alpha/authorize?" + authorize_query(client) + extra));
    if (answer.status == 200) {
      const std::string field = answer.body.find("name=\"password\"") == std::string::npos
                                    ? "action=continue"
                                    : "username=" + login + "&password=pw";
      answer = where.send(
          bed, post_form("/idms/v1/alpha/sign-in", "interaction=" + hidden_interaction(answer.body) + "&" + field));
    }
    return bed.send(post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=" + client +
                                                          "&code=" + answer.redirected("code") +
                                                          "&redirect_uri=" + escaped(kRedirect) +
                                                          "&code_verifier=" + std::string(kVerifier)));
  }
  bool lives(const Reply& tokens) {
    Sent sent = get("/idms/v1/alpha/userinfo");
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
    return bed.send(sent).status == 200;
  }
  Reply sign_off(Browser& where, const Reply& tokens) {
    return where.send(bed, get("/idms/v1/alpha/logout?id_token_hint=" + tokens.member("id_token")));
  }
  std::size_t told() {
    const auto rows = bed.wait(bed.store().range(broker::tables::kOutbox, "", "\xff", 100));
    return rows ? rows->size() : 0;
  }
};

TEST_F(BrowserSignOff, EndsWhatTheOneSignInServed) {
  const Reply one = tokens_of(browser, "one");
  const Reply two = tokens_of(browser, "two");  // knows him by another name
  const Reply again = tokens_of(browser, "one");
  const Reply mc = tokens_of(browser, "mc", "ann", "&prompt=login");
  Browser elsewhere;
  const Reply other = tokens_of(elsewhere, "two");
  EXPECT_EQ(sign_off(browser, two).status, 200);
  EXPECT_FALSE(lives(one));
  EXPECT_FALSE(lives(two));
  EXPECT_FALSE(lives(again));
  EXPECT_TRUE(lives(mc)) << "a sign-in of its own";
  EXPECT_TRUE(lives(other)) << "another browser";
  EXPECT_EQ(told(), 3U);
}

TEST_F(BrowserSignOff, OfAnotherUsersHintOnlyItsSessionEnds) {
  const Reply bob = tokens_of(browser, "one", "bob");
  Browser elsewhere;
  const Reply ann = tokens_of(elsewhere, "one");
  EXPECT_EQ(sign_off(browser, ann).status, 200);
  EXPECT_FALSE(lives(ann));
  EXPECT_TRUE(lives(bob));
  EXPECT_EQ(told(), 1U);
}

TEST_F(BrowserSignOff, WithoutTheBrowsersCookieOnlyTheHintsSessionEnds) {
  const Reply one = tokens_of(browser, "one");
  const Reply two = tokens_of(browser, "two");
  Browser none;
  EXPECT_EQ(sign_off(none, one).status, 200);
  EXPECT_FALSE(lives(one));
  EXPECT_TRUE(lives(two));
  // And with the cookie, but from another device.
  Browser copied = browser;
  copied.jar.erase("__Host-claviger-ue");
  EXPECT_EQ(sign_off(copied, one).status, 200);
  EXPECT_TRUE(lives(two));
}

TEST_F(BrowserSignOff, WhereOneSignInServesNobodyElseNothingElseEnds) {
  const Reply one = tokens_of(browser, "one");
  const Reply two = tokens_of(browser, "two");
  AuthenticationPolicy policy;
  policy.browser_session = BrowserSession::Off;
  PolicyScope scope;
  scope.client_id = "two";
  ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", scope, policy)));
  EXPECT_EQ(sign_off(browser, one).status, 200);
  EXPECT_FALSE(lives(one));
  EXPECT_TRUE(lives(two));
}

}  // namespace
}  // namespace claviger::identity
