// The authorization endpoint: every row of the table in spec 4.3, and what a good request gets.
#include <gtest/gtest.h>

#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kPath = "/idms/v1/alpha/authorize?";

// "a=1&b=2" with one parameter replaced, added or (without value) removed.
std::string with(std::string query, std::string_view name, std::optional<std::string_view> value) {
  const std::string begin = std::string(name) + "=";
  std::string result;
  for (std::size_t at = 0; at <= query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string piece = query.substr(at, end - at);
    if (!piece.starts_with(begin) && !piece.empty()) result += (result.empty() ? "" : "&") + piece;
    at = end + 1;
  }
  if (value) result += "&" + begin + escaped(*value);
  return result;
}

struct Authorize : ::testing::Test {
  Testbed bed;
  Client app = bed.add_public_client();
  Client mc_app = bed.add_public_client(ClientProfile::Mc);
  std::string query = authorize_query("app");

  Reply ask(const std::string& with_query) { return bed.send(get(std::string(kPath) + with_query)); }
  Reply ask_with(std::string_view name, std::optional<std::string_view> value) { return ask(with(query, name, value)); }

  void expect_page(const Reply& reply, std::uint16_t status, std::string_view error) {
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.header("location"), "");
    EXPECT_NE(reply.body.find(error), std::string::npos) << reply.body;
    EXPECT_EQ(reply.cache_control, "no-store");
    EXPECT_NE(reply.header("content-security-policy").find("frame-ancestors 'none'"), std::string::npos);
  }
  void expect_redirect(const Reply& reply, std::string_view error, std::string_view state = "st&te") {
    EXPECT_EQ(reply.status, 302) << reply.body;
    EXPECT_TRUE(reply.header("location").starts_with(kRedirect));
    EXPECT_EQ(reply.redirected("error"), error);
    EXPECT_EQ(reply.redirected("state"), state);
    EXPECT_EQ(reply.redirected("iss"), kIssuer);
    EXPECT_EQ(reply.redirected("code"), "");
    EXPECT_EQ(reply.header("referrer-policy"), "no-referrer");
  }
};

TEST_F(Authorize, ShowsTheSignInPage) {
  const Reply reply = ask(query);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(reply.cache_control, "no-store");
  EXPECT_NE(reply.body.find("Alpha &lt;Agency&gt;"), std::string::npos);
  EXPECT_NE(reply.body.find("action=\"/idms/v1/alpha/sign-in\""), std::string::npos);
  EXPECT_FALSE(hidden_interaction(reply.body).empty());
  const std::string cookie = reply.header("set-cookie");
  EXPECT_TRUE(cookie.starts_with("__Host-claviger-interaction="));
  for (const char* attribute : {"; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Max-Age=600"}) {
    EXPECT_NE(cookie.find(attribute), std::string::npos) << attribute;
  }
  const std::string policy = reply.header("content-security-policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("form-action 'self' https://app.example;"), std::string::npos);
  EXPECT_EQ(reply.header("referrer-policy"), "no-referrer");
}

TEST_F(Authorize, WritesNothingBeforeThePasswordIsRight) {
  const std::uint64_t before = bed.store().latest_sequence();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(query).status, 200);
  EXPECT_EQ(bed.store().latest_sequence(), before);
}

TEST_F(Authorize, KeepsTheCookieOfTheBrowserForAllItsTabs) {
  const std::string first = ask(query).header("set-cookie");
  Sent again = get(std::string(kPath) + query);
  again.fields.emplace_back(http::Field::Cookie, "other=1; " + first.substr(0, first.find(';')));
  EXPECT_EQ(bed.send(again).header("set-cookie"), first);
  // One that is not of our making is replaced.
  Sent forged = get(std::string(kPath) + query);
  forged.fields.emplace_back(http::Field::Cookie, "__Host-claviger-interaction=chosen");
  EXPECT_NE(bed.send(forged).header("set-cookie").find("claviger-interaction="), std::string::npos);
  EXPECT_EQ(bed.send(forged).header("set-cookie").find("=chosen"), std::string::npos);
}

TEST_F(Authorize, GivesTheFormAsJsonToWhoAsksForIt) {
  Sent sent = get(std::string(kPath) + query);
  sent.fields.emplace_back(http::Field::Accept, "application/json");
  const Reply reply = bed.send(sent);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.member("action"), "/idms/v1/alpha/sign-in");
  EXPECT_EQ(reply.member("expires_in"), "600");
  EXPECT_FALSE(reply.member("interaction").empty());
  EXPECT_FALSE(reply.header("set-cookie").empty());
}

TEST_F(Authorize, TakesParametersByPost) {
  EXPECT_EQ(bed.send(post_form("/idms/v1/alpha/authorize", query)).status, 200);
}

TEST_F(Authorize, PrefillsTheHintForPlainClientsOnly) {
  EXPECT_NE(ask_with("login_hint", "ann").body.find("value=\"ann\""), std::string::npos);
  EXPECT_EQ(ask(with(authorize_query("mc-app"), "login_hint", "ann")).body.find("value=\"ann\""), std::string::npos);
}

// "page" rows.

TEST_F(Authorize, ClientIdUnknown) { expect_page(ask_with("client_id", "nobody"), 400, "unauthorized_client"); }
TEST_F(Authorize, ClientIdHostile) { expect_page(ask_with("client_id", "a/../b\"<>"), 400, "unauthorized_client"); }
TEST_F(Authorize, ClientIdMissing) { expect_page(ask_with("client_id", std::nullopt), 400, "invalid_request"); }
TEST_F(Authorize, ClientIdDuplicated) { expect_page(ask(query + "&client_id=app"), 400, "invalid_request"); }
TEST_F(Authorize, RedirectUriMissing) { expect_page(ask_with("redirect_uri", std::nullopt), 400, "invalid_request"); }
TEST_F(Authorize, RedirectUriUnregistered) {
  for (const char* other :
       {"https://app.example/cb/", "https://app.example/cb?x=1", "https://app.example:444/cb", "http://app.example/cb",
        "https://evil.example/cb", "https://app.example/cb2", "HTTPS://app.example/cb"}) {
    expect_page(ask_with("redirect_uri", other), 400, "invalid_request");
  }
}
TEST_F(Authorize, RedirectUriDuplicated) {
  expect_page(ask(query + "&redirect_uri=" + escaped(kRedirect)), 400, "invalid_request");
}
TEST_F(Authorize, RedirectUriWithFragment) {
  expect_page(ask_with("redirect_uri", "https://app.example/cb#x"), 400, "invalid_request");
}
TEST_F(Authorize, RedirectUriRelative) { expect_page(ask_with("redirect_uri", "/cb"), 400, "invalid_request"); }
TEST_F(Authorize, ClientDisabled) {
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "app", false)));
  expect_page(ask(query), 400, "unauthorized_client");
}
TEST_F(Authorize, FormThatCannotBeRead) {
  expect_page(ask(query + "&bad=%zz"), 400, "invalid_request");
  expect_page(ask(query + "&nul=%00"), 400, "invalid_request");
  expect_page(ask(query + "&utf8=%ff"), 400, "invalid_request");
}
TEST_F(Authorize, OtherContentType) {
  Sent sent = post_form("/idms/v1/alpha/authorize", query);
  sent.fields = {{http::Field::ContentType, "application/json"}};
  expect_page(bed.send(sent), 415, "invalid_request");
}
TEST_F(Authorize, OtherMethod) { EXPECT_EQ(bed.send({http::Method::Put, std::string(kPath) + query}).status, 405); }
TEST_F(Authorize, TenantUnknown) {
  EXPECT_EQ(bed.send(get("/idms/v1/bravo/authorize?" + query)).status, 404);
  bed.tenant().is_enabled = false;
  bed.publish();
  EXPECT_EQ(ask(query).status, 404);
}
TEST_F(Authorize, StoreUnavailable) {
  bed.context()->identity->clients().forget("alpha", "app");
  bed.store().corrupt(broker::tables::kClients, client_key("alpha", "app"));
  EXPECT_EQ(ask(query).status, 500);
}
TEST_F(Authorize, PageErrorsAsJson) {
  Sent sent = get(std::string(kPath) + with(query, "client_id", std::nullopt));
  sent.fields.emplace_back(http::Field::Accept, "application/json");
  const Reply reply = bed.send(sent);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.member("error"), "invalid_request");
}

// "redir" rows.

TEST_F(Authorize, AnyOtherParameterRepeated) {
  for (const char* name : {"response_type", "scope", "nonce", "code_challenge", "acr_values", "x"}) {
    expect_redirect(ask(query + "&" + name + "=1&" + name + "=1"), "invalid_request");
  }
  // A state that is there twice is nobody's: it is left out.
  expect_redirect(ask(query + "&state=again"), "invalid_request", "");
}
TEST_F(Authorize, ResponseTypeMissing) { expect_redirect(ask_with("response_type", std::nullopt), "invalid_request"); }
TEST_F(Authorize, ResponseTypeOther) {
  for (const char* other : {"token", "id_token", "code id_token", "CODE"}) {
    expect_redirect(ask_with("response_type", other), "unsupported_response_type");
  }
}
TEST_F(Authorize, ClientNotAllowedTheCodeGrant) {
  ClientChange change;
  change.may_code = false;
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", change)));
  expect_redirect(ask(query), "unauthorized_client");
}
TEST_F(Authorize, ResponseModeOther) {
  expect_redirect(ask_with("response_mode", "fragment"), "invalid_request");
  EXPECT_EQ(ask_with("response_mode", "query").status, 200);
  EXPECT_EQ(ask_with("response_mode", "form_post").status, 200);
}
TEST_F(Authorize, ScopeMissing) { expect_redirect(ask_with("scope", std::nullopt), "invalid_request"); }
TEST_F(Authorize, ScopeMalformedOrWithoutOpenid) {
  for (const char* bad : {"profile", "openid  profile", "openid pro\"file", "openid \\"}) {
    expect_redirect(ask_with("scope", bad), "invalid_scope");
  }
}
TEST_F(Authorize, ScopeOnlyUnknownOrForbidden) {
  expect_redirect(ask_with("scope", "openid mail"), "invalid_scope");
  ClientChange change;
  change.scopes = {"openid"};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", change)));
  expect_redirect(ask_with("scope", "openid 3gpp:mc:ptt_service"), "invalid_scope");
}
TEST_F(Authorize, StateMissingOrTooLong) {
  expect_redirect(ask(with(authorize_query("mc-app"), "state", std::nullopt)), "invalid_request", "");
  expect_redirect(ask_with("state", std::string(2049, 's')), "invalid_request", "");
  EXPECT_EQ(ask_with("state", std::string(2048, 's')).status, 200);
  EXPECT_EQ(ask_with("state", std::nullopt).status, 200);  // profile plain
}
TEST_F(Authorize, AcrValuesMissingOrUnsupported) {
  expect_redirect(ask(with(authorize_query("mc-app"), "acr_values", std::nullopt)), "invalid_request");
  expect_redirect(ask_with("acr_values", "urn:example:acr:unknown 3gpp:acr:passwordx"),
                  "unmet_authentication_requirements");
  EXPECT_EQ(ask_with("acr_values", "urn:example:acr:unknown 3gpp:acr:password").status, 200);
  EXPECT_EQ(ask_with("acr_values", std::nullopt).status, 200);
}
TEST_F(Authorize, CodeChallengeMissingMalformedOrPlain) {
  expect_redirect(ask_with("code_challenge", std::nullopt), "invalid_request");
  expect_redirect(ask_with("code_challenge_method", std::nullopt), "invalid_request");
  expect_redirect(ask_with("code_challenge_method", "plain"), "invalid_request");
  const std::string challenge(kChallenge);
  for (const std::string& bad : {challenge.substr(1), challenge + "A", challenge.substr(1) + "=",
                                 challenge.substr(1) + "+", challenge.substr(0, 42) + "N"}) {
    expect_redirect(ask_with("code_challenge", bad), "invalid_request");
  }
}
TEST_F(Authorize, PromptNone) {
  expect_redirect(ask_with("prompt", "none"), "login_required");
  expect_redirect(ask_with("prompt", "none login"), "invalid_request");
  expect_redirect(ask_with("prompt", "login none"), "invalid_request");
  expect_redirect(ask_with("prompt", "none unknown"), "invalid_request");
  expect_redirect(ask_with("prompt", "unknown none"), "invalid_request");
  expect_redirect(ask_with("prompt", " none  "), "login_required");
  for (const char* other : {"login", "consent", "select_account", "login consent", "none2", "create unknown"}) {
    EXPECT_EQ(ask_with("prompt", other).status, 200) << other;
  }
  // What is wrong with the request is said first.
  expect_redirect(ask(with(with(query, "prompt", "none"), "code_challenge", std::nullopt)), "invalid_request");
}
TEST_F(Authorize, MaxAgeAndNonce) {
  for (const char* bad : {"-1", "1.5", "x", "1 ", "99999999999999999999"}) {
    expect_redirect(ask_with("max_age", bad), "invalid_request");
  }
  EXPECT_EQ(ask_with("max_age", "0").status, 200);
  expect_redirect(ask_with("nonce", std::string(513, 'n')), "invalid_request");
  EXPECT_EQ(ask_with("nonce", std::string(512, 'n')).status, 200);
  EXPECT_EQ(ask_with("nonce", std::nullopt).status, 200);
}
TEST_F(Authorize, RequestObjects) {
  expect_redirect(ask_with("request", "eyJhbGciOiJub25lIn0.e30."), "request_not_supported");
  expect_redirect(ask_with("request_uri", "https://app.example/r"), "request_uri_not_supported");
  expect_redirect(ask_with("authorization_details", "[]"), "invalid_authorization_details");
}
TEST_F(Authorize, ResourceUnknown) {
  expect_redirect(ask_with("resource", "https://elsewhere.example"), "invalid_target");
  const std::string known = std::string(kIssuer) + "/servers/mcptt";
  expect_redirect(ask_with("resource", known), "invalid_target");  // no scope leads there
  query = authorize_query("app", "openid 3gpp:mc:ptt_service");
  EXPECT_EQ(ask_with("resource", known).status, 200);
  // RFC 8707 allows several.
  EXPECT_EQ(ask(with(query, "resource", known) + "&resource=" + escaped(bed.tenant().default_audience)).status, 200);
}

TEST_F(Authorize, LoopbackRedirectTakesAnyPort) {  // RFC 8252 clause 7.3
  ClientChange change;
  change.redirect_uris = {"http://127.0.0.1/cb", "http://[::1]/cb"};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", change)));
  EXPECT_EQ(ask_with("redirect_uri", "http://127.0.0.1:49152/cb").status, 200);
  EXPECT_EQ(ask_with("redirect_uri", "http://[::1]:49152/cb").status, 200);
  expect_page(ask_with("redirect_uri", "http://127.0.0.1:49152/other"), 400, "invalid_request");
  expect_page(ask_with("redirect_uri", "http://localhost:49152/cb"), 400, "invalid_request");
}

TEST_F(Authorize, AppendsToTheQueryOfTheRedirectUri) {
  ClientChange change;
  change.redirect_uris = {"https://app.example/cb?keep=1"};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", change)));
  const Reply reply = ask(with(with(query, "redirect_uri", "https://app.example/cb?keep=1"), "prompt", "none"));
  EXPECT_TRUE(reply.header("location").starts_with("https://app.example/cb?keep=1&error=login_required"));
}

TEST_F(Authorize, RefusalsByFormPost) {
  const Reply reply = ask(with(with(query, "response_mode", "form_post"), "prompt", "none"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("action=\"https://app.example/cb\""), std::string::npos);
  EXPECT_NE(reply.body.find("name=\"error\" value=\"login_required\""), std::string::npos);
  EXPECT_NE(reply.body.find("name=\"state\" value=\"st&amp;te\""), std::string::npos);
  EXPECT_EQ(reply.body.find("Signed in"), std::string::npos);
}

}  // namespace
}  // namespace claviger::identity
