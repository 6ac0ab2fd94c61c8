// Consent: asked where client, scope or request wants it, remembered, taken back.
#include "broker/identity/consent.h"

#include <gtest/gtest.h>

#include "broker/identity/interaction_cookie.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;

std::string hidden_consent(const std::string& html) {
  const std::string_view begin = "name=\"consent\" value=\"";
  const std::size_t at = html.find(begin);
  if (at == std::string::npos) return {};
  const std::size_t from = at + begin.size();
  return html.substr(from, html.find('"', from) - from);
}

struct Consents : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  std::string cookie;

  Consents() {
    ClientDraft draft;
    draft.client_id = "web";
    draft.name = "Portal <1>";
    draft.redirect_uris = {std::string(kRedirect)};
    draft.may_code = true;
    draft.asks_consent = true;
    bed.add_client(std::move(draft));
  }
  // The answer to the right password.
  Reply sign_in(std::string_view client_id = "web", std::string_view scope = "openid profile",
                std::string_view more = {}, bool as_json = false) {
    const Reply page =
        bed.send(get("/idms/v1/alpha/authorize?" + authorize_query(client_id, scope) + std::string(more)));
    EXPECT_EQ(page.status, 200) << page.body;
    cookie = page.header("set-cookie").substr(0, page.header("set-cookie").find(';'));
    Sent form = post_form("/idms/v1/alpha/sign-in",
                          "interaction=" + hidden_interaction(page.body) + "&username=ann&password=correct+horse");
    form.fields.emplace_back(http::Field::Cookie, cookie);
    if (as_json) form.fields.emplace_back(http::Field::Accept, "application/json");
    return bed.send(form);
  }
  Reply say(std::string_view action, const std::string& consent, bool with_cookie = true) {
    Sent form = post_form("/idms/v1/alpha/consent", "consent=" + consent + "&action=" + std::string(action));
    if (with_cookie) form.fields.emplace_back(http::Field::Cookie, cookie);
    return bed.send(form);
  }
  Reply redeem(const std::string& code) {
    return bed.send(post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=web&code=" + code +
                                                          "&redirect_uri=" + escaped(kRedirect) +
                                                          "&code_verifier=" + std::string(kVerifier)));
  }
};

TEST_F(Consents, AreAskedForOnceAndRemembered) {
  const Reply page = sign_in();
  ASSERT_EQ(page.status, 200) << page.body;
  EXPECT_TRUE(page.header("location").empty());
  EXPECT_NE(page.body.find("Portal &lt;1&gt;"), std::string::npos);
  EXPECT_NE(page.body.find("<code>profile</code>"), std::string::npos);
  EXPECT_NE(page.header("content-security-policy").find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(page.cache_control, "no-store");
  const Reply allowed = say("allow", hidden_consent(page.body));
  EXPECT_EQ(allowed.status, 302);
  EXPECT_EQ(allowed.redirected("state"), "st&te");
  EXPECT_EQ(allowed.redirected("iss"), kIssuer);
  EXPECT_EQ(redeem(allowed.redirected("code")).status, 200);
  // The next time, and for less, nobody is asked.
  EXPECT_FALSE(sign_in().redirected("code").empty());
  EXPECT_FALSE(sign_in("web", "openid").redirected("code").empty());
}
TEST_F(Consents, AreAskedForAgainForMore) {
  say("allow", hidden_consent(sign_in("web", "openid").body));
  const Reply page = sign_in("web", "openid profile");
  EXPECT_EQ(page.status, 200);
  EXPECT_FALSE(hidden_consent(page.body).empty());
}
TEST_F(Consents, AreAskedForWheneverTheRequestSaysSo) {  // prompt=consent
  say("allow", hidden_consent(sign_in().body));
  EXPECT_FALSE(hidden_consent(sign_in("web", "openid profile", "&prompt=consent").body).empty());
}
TEST_F(Consents, AreAskedForByScope) {
  bed.add_public_client();
  EXPECT_FALSE(sign_in("app").redirected("code").empty());
  bed.settings().consent_scopes = {"profile"};
  bed.publish();
  EXPECT_FALSE(hidden_consent(sign_in("app").body).empty());
  EXPECT_FALSE(sign_in("app", "openid").redirected("code").empty());
}
TEST_F(Consents, Denied) {
  const std::string consent = hidden_consent(sign_in().body);
  const Reply denied = say("deny", consent);
  EXPECT_EQ(denied.status, 302);
  EXPECT_EQ(denied.redirected("error"), "access_denied");
  EXPECT_TRUE(denied.redirected("code").empty());
  // And a change of mind comes too late: the code is gone.
  EXPECT_EQ(say("allow", consent).status, 400);
  EXPECT_FALSE(hidden_consent(sign_in().body).empty());
}
TEST_F(Consents, DeniedEndTheirInteraction) {
  const Reply page = bed.send(get("/idms/v1/alpha/authorize?" + authorize_query("web", "openid profile")));
  cookie = page.header("set-cookie").substr(0, page.header("set-cookie").find(';'));
  Sent form = post_form("/idms/v1/alpha/sign-in",
                        "interaction=" + hidden_interaction(page.body) + "&username=ann&password=correct+horse");
  form.fields.emplace_back(http::Field::Cookie, cookie);
  EXPECT_EQ(say("deny", hidden_consent(bed.send(form).body)).status, 302);
  EXPECT_EQ(bed.send(form).status, 400) << "the same page sent again";
}
TEST_F(Consents, OfAnotherBrowserOrNone) {  // CSRF: 400, nothing happens
  const std::string consent = hidden_consent(sign_in().body);
  EXPECT_EQ(say("allow", consent, false).status, 400);
  cookie = std::string(kInteractionCookie) + "=" + std::string(43, 'A');
  EXPECT_EQ(say("allow", consent).status, 400);
  EXPECT_TRUE(bed.wait(list_consents(bed.context(), "alpha", ann.sub))->empty());
}
TEST_F(Consents, TamperedMissingOrOfAnotherPurpose) {
  std::string consent = hidden_consent(sign_in().body);
  EXPECT_EQ(say("allow", "").status, 400);
  EXPECT_EQ(say("perhaps", consent).status, 400);
  consent[consent.size() / 2] = consent[consent.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(say("allow", consent).status, 400);
  const Reply page = bed.send(get("/idms/v1/alpha/authorize?" + authorize_query("web")));
  EXPECT_EQ(say("allow", hidden_interaction(page.body)).status, 400);
}
TEST_F(Consents, TakeTheirTime) {
  const std::string consent = hidden_consent(sign_in().body);
  bed.clock().advance(300s);  // five times the life of a code
  const Reply allowed = say("allow", consent);
  ASSERT_EQ(allowed.status, 302) << allowed.body;
  bed.clock().advance(60s);  // from then on it lives as long as any
  EXPECT_EQ(redeem(allowed.redirected("code")).status, 400);
}
TEST_F(Consents, Expire) {
  const std::string consent = hidden_consent(sign_in().body);
  bed.clock().advance(600s);
  EXPECT_EQ(say("allow", consent).status, 400);
}
TEST_F(Consents, SaidTwiceGiveNoSecondCode) {
  const std::string consent = hidden_consent(sign_in().body);
  const Reply first = say("allow", consent);
  EXPECT_EQ(redeem(first.redirected("code")).status, 200);
  EXPECT_EQ(say("allow", consent).status, 400);
}
TEST_F(Consents, AsJsonForAUeWithoutABrowser) {
  const Reply question = sign_in("web", "openid profile", {}, true);
  EXPECT_EQ(question.status, 200);
  EXPECT_EQ(question.content_type, "application/json");
  EXPECT_EQ(question.member("action"), "/idms/v1/alpha/consent");
  EXPECT_EQ(say("allow", question.member("consent")).status, 302);
}
// Whoever registers under an id that was somebody else's has not been agreed to.
TEST_F(Consents, OfAFormerClientOfThatNameDoNotCount) {
  say("allow", hidden_consent(sign_in("web", "openid profile").body));
  EXPECT_EQ(bed.wait(list_consents(bed.context(), "alpha", ann.sub))->size(), 1U);
  bed.clock().advance(Seconds{2});
  ASSERT_TRUE(bed.wait(remove_client(bed.context(), "alpha", "web")));
  EXPECT_TRUE(bed.wait(list_consents(bed.context(), "alpha", ann.sub))->empty());
  ClientDraft draft;
  draft.client_id = "web";
  draft.redirect_uris = {std::string(kRedirect)};
  draft.may_code = true;
  draft.asks_consent = true;
  bed.add_client(std::move(draft));
  EXPECT_TRUE(bed.wait(list_consents(bed.context(), "alpha", ann.sub))->empty());
  bed.clock().advance(Seconds{2});  // a sign-in would wait for the next second
  const Reply page = sign_in("web", "openid");
  EXPECT_EQ(page.status, 200);
  // And what is agreed to now is not joined with what was.
  EXPECT_EQ(say("allow", hidden_consent(page.body)).status, 302);
  EXPECT_FALSE(sign_in("web", "openid").redirected("code").empty());
  EXPECT_EQ(sign_in("web", "openid profile").status, 200);
}

// The page was open when the client lost the place: neither code nor refusal goes there.
TEST_F(Consents, ForAPlaceThatTheClientNoLongerHas) {
  for (const char* action : {"allow", "deny"}) {
    const std::string consent = hidden_consent(sign_in("web", "openid profile", "&prompt=consent").body);
    ClientChange moved;
    moved.redirect_uris = {"https://elsewhere.example/cb"};
    ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "web", moved)));
    const Reply reply = say(action, consent);
    EXPECT_EQ(reply.status, 400) << action;
    EXPECT_EQ(reply.header("location"), "");
    moved.redirect_uris = {std::string(kRedirect)};
    ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "web", moved)));
  }
}

TEST_F(Consents, AreListedAndTakenBack) {
  const Reply allowed = say("allow", hidden_consent(sign_in().body));
  const Reply tokens = redeem(allowed.redirected("code"));
  const auto listed = bed.wait(list_consents(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().client_id, "web");
  EXPECT_EQ(listed->front().scopes, (std::vector<std::string>{"openid", "profile"}));
  EXPECT_TRUE(bed.wait(revoke_consent(bed.context(), "alpha", ann.sub, "nobody")).failed_with(Code::NotFound));
  ASSERT_TRUE(bed.wait(revoke_consent(bed.context(), "alpha", ann.sub, "web")));
  EXPECT_TRUE(bed.wait(list_consents(bed.context(), "alpha", ann.sub))->empty());
  const Reply refreshed =
      bed.send(post_form("/idms/v1/alpha/token",
                         "grant_type=refresh_token&client_id=web&refresh_token=" + tokens.member("refresh_token")));
  EXPECT_EQ(refreshed.member("error"), "invalid_grant");
  EXPECT_FALSE(hidden_consent(sign_in().body).empty());
}
TEST_F(Consents, OtherMethodOrTenant) {
  EXPECT_EQ(bed.send(get("/idms/v1/alpha/consent")).status, 405);
  EXPECT_EQ(bed.send(post_form("/idms/v1/bravo/consent", "action=allow")).status, 404);
}

}  // namespace
}  // namespace claviger::identity
