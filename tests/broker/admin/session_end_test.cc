// How operators end sessions: how many ended, whom nobody knows, and the browser that they came from.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "broker/identity/ue_procedures.h"
#include "tests/broker/admin/admin_bed.h"

namespace claviger::admin {
namespace {

using http::Method;
using identity::Reply;

struct SessionEnds : ::testing::Test {
  AdminBed bed;
  identity::Client client;
  std::string question;
  std::set<std::string> seen;  // UEs

  void SetUp() override {
    bed.add_user("ann", "correct horse");
    bed.add_user("bob", "correct horse");
    client = bed.add_public_client();
    question = "/idms/v1/alpha/authorize?" + identity::authorize_query(client.client_id);
  }

  struct Browser {
    std::map<std::string, std::string> jar;
    std::string ue_id;
  };
  Reply send(Browser& browser, identity::Sent sent) {
    std::string field;
    for (const auto& [name, value] : browser.jar) field += (field.empty() ? "" : "; ") + name + "=" + value;
    if (!field.empty()) sent.fields.emplace_back(http::Field::Cookie, field);
    const Reply reply = bed.send(sent);
    for (const auto& [name, value] : reply.headers) {
      const std::size_t equals = value.find('=');
      if (name == "set-cookie")
        browser.jar[value.substr(0, equals)] = value.substr(equals + 1, value.find(';') - equals - 1);
    }
    return reply;
  }
  void sign_in(Browser& browser, const std::string& login) {
    const Reply page = send(browser, identity::get(question));
    const Reply done = send(browser, identity::post_form("/idms/v1/alpha/sign-in",
                                                         "interaction=" + identity::hidden_interaction(page.body) +
                                                             "&username=" + login + "&password=correct%20horse"));
    ASSERT_FALSE(done.redirected("code").empty()) << done.body;
    const Reply tokens = bed.send(
        identity::post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=" + client.client_id +
                                                        "&code=" + done.redirected("code") +
                                                        "&redirect_uri=" + identity::escaped(identity::kRedirect) +
                                                        "&code_verifier=" + std::string(identity::kVerifier)));
    ASSERT_EQ(tokens.status, 200) << tokens.body;
    // The UE that nobody has signed in on before, if it is another one.
    const std::string list = bed.show("/tenants/alpha/users/" + login + "/sessions").body;
    constexpr std::string_view kMember = "\"ue_id\":\"";
    for (std::size_t at = list.find(kMember); at != std::string::npos; at = list.find(kMember, at + 1)) {
      const std::size_t from = at + kMember.size();
      std::string ue_id = list.substr(from, list.find('"', from) - from);
      if (seen.insert(ue_id).second) browser.ue_id = std::move(ue_id);
    }
  }
  bool is_signed_in(Browser& browser) {
    return !send(browser, identity::get(question + "&prompt=none")).redirected("code").empty();
  }
  Reply revoke(const std::string& target) { return bed.ask(Method::Delete, "/tenants/alpha/" + target); }
};

TEST_F(SessionEnds, OnAUeItsBrowserIsSignedInNoMore) {
  Browser left_behind;
  Browser other;
  sign_in(left_behind, "ann");
  sign_in(other, "ann");
  ASSERT_NE(left_behind.ue_id, other.ue_id);
  ASSERT_TRUE(is_signed_in(left_behind) && is_signed_in(other));
  EXPECT_EQ(revoke("ues/" + left_behind.ue_id + "/sessions").body, R"({"ended":1})");
  EXPECT_FALSE(is_signed_in(left_behind));
  EXPECT_TRUE(is_signed_in(other));
  EXPECT_NE(bed.audit_text().find("\"detail\":\"sessions=1 of="), std::string::npos);
  bed.clock().advance(Seconds{2});
  bed.run_turns(1);
  sign_in(left_behind, "bob");  // who finds it may sign in as himself
  EXPECT_TRUE(is_signed_in(left_behind));
}

// One whose session has ended already may still have the cookie.
TEST_F(SessionEnds, OnAUeWithoutASessionItsBrowserIsSignedInNoMore) {
  Browser browser;
  sign_in(browser, "ann");
  const std::string list = bed.show("/tenants/alpha/ues/" + browser.ue_id + "/sessions").body;
  const std::string sid = list.substr(list.find("\"sid\":\"") + 7, 22);
  ASSERT_TRUE(bed.wait(identity::end_session(bed.context(), "alpha", sid, identity::SessionState::SignedOff)));
  ASSERT_TRUE(is_signed_in(browser));
  EXPECT_EQ(revoke("ues/" + browser.ue_id + "/sessions").status, 404) << "no session there, and no record";
  EXPECT_FALSE(is_signed_in(browser));
}

TEST_F(SessionEnds, AUeThatWasLostAndFoundBringsNobodyBack) {
  Browser browser;
  sign_in(browser, "ann");
  ASSERT_EQ(bed.post("/tenants/alpha/ues", R"({"ue_id":")" + browser.ue_id + R"(","class":"personal"})").status, 200);
  ASSERT_TRUE(is_signed_in(browser));
  EXPECT_EQ(bed.post("/tenants/alpha/ues/" + browser.ue_id + "/lost").status, 200);
  EXPECT_FALSE(is_signed_in(browser));
  EXPECT_EQ(bed.post("/tenants/alpha/ues/" + browser.ue_id + "/found").status, 200);
  EXPECT_FALSE(is_signed_in(browser));
  EXPECT_EQ(revoke("ues/" + browser.ue_id).status, 200);
  EXPECT_FALSE(is_signed_in(browser));
}

TEST_F(SessionEnds, AreCounted) {
  Browser one;
  Browser two;
  sign_in(one, "ann");
  sign_in(two, "ann");
  const std::string list = bed.show("/tenants/alpha/users/ann/sessions").body;
  const std::string sid = list.substr(list.find("\"sid\":\"") + 7, 22);
  EXPECT_EQ(revoke("sessions/" + sid).body, R"({"ended":1})");
  EXPECT_EQ(revoke("sessions/" + sid).body, R"({"ended":0})") << "it had ended";
  EXPECT_EQ(revoke("users/ann/sessions").body, R"({"ended":1})");
  EXPECT_EQ(revoke("users/ann/sessions").body, R"({"ended":0})");
}

TEST_F(SessionEnds, AMistypedUeIsNotFound) {
  EXPECT_EQ(revoke("ues/nobodys/sessions").status, 404);
  EXPECT_EQ(revoke("ues/nobodys/sessions").member("code"), "UeUnknown");
  EXPECT_EQ(bed.show("/tenants/alpha/ues/nobodys/sessions").status, 404);
  ASSERT_EQ(bed.post("/tenants/alpha/ues", R"({"ue_id":"truck","class":"gateway"})").status, 200);
  EXPECT_EQ(revoke("ues/truck/sessions").body, R"({"ended":0})");
  EXPECT_EQ(bed.show("/tenants/alpha/ues/truck/sessions").body, R"({"items":[]})");
}

}  // namespace
}  // namespace claviger::admin
