// Each verb of the admin API: what it answers, what it refuses, what the audit log says afterwards.
#include <gtest/gtest.h>

#include "broker/identity/consent.h"
#include "core/codec/base64url.h"
#include "tests/broker/admin/admin_bed.h"

namespace claviger::admin {
namespace {

using http::Method;
using identity::Reply;

constexpr const char* kAlice =
    R"({"login":"Alice","display_name":"Alice A","mc_id":"sip:alice@alpha.example","password":"correct horse"})";

TEST(AdminCaller, IsRootTheDaemonOrListed) {
  AdminBed bed;
  bed.settings().admin_uids = {1234};
  bed.publish();
  for (const std::uint32_t uid : {0U, AdminBed::kOwnUid, 1234U}) {
    bed.peer().uid = uid;
    EXPECT_EQ(bed.show("/status").status, 200) << uid;
  }
  bed.peer().uid = 1000;
  const Reply refused = bed.post("/shutdown");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.content_type, "application/problem+json");
  EXPECT_EQ(refused.member("code"), "NotPermitted");
  EXPECT_EQ(bed.process.shutdowns, 0);
  EXPECT_EQ(bed.audited("shutdown", "NotPermitted"), 1);
  bed.peer().uid.reset();  // no credentials, no orders
  EXPECT_EQ(bed.show("/status").status, 403);
}

// issue 4: "An agency's administrator manages only his own users, methods and policy."
TEST(AdminCaller, OfOneTenantAdministersItsPeopleAndNothingElse) {
  AdminBed bed;
  EXPECT_EQ(bed.post("/tenants/alpha/users", kAlice).status, 200);
  EXPECT_EQ(bed.ask(Method::Put, "/tenants/alpha/administrators/1001", "{}").status, 200);
  EXPECT_NE(bed.show("/tenants/alpha/administrators").body.find("1001"), std::string::npos);
  bed.peer().uid = 1001;
  EXPECT_EQ(bed.show("/tenants/alpha/users").status, 200);
  EXPECT_EQ(bed.ask(Method::Put, "/tenants/alpha/policy", R"({"second_factor":"required"})").status, 200);
  EXPECT_EQ(bed.post("/tenants/alpha/users/Alice/authenticators", R"({"kind":"recovery"})").status, 200);
  EXPECT_EQ(bed.post("/tenants/alpha/users/Alice/disable").status, 200);
  EXPECT_EQ(bed.audited("user.disable", "ok"), 1);
  for (const auto* target :
       {"/status", "/tenants", "/tenants/alpha", "/tenants/alpha/clients", "/tenants/alpha/keys",
        "/tenants/alpha/partners", "/tenants/alpha/administrators", "/tenants/bravo/users",
        "/tenants/alpha/user-export", "/tenants/alpha/verifier", "/tenants/%00/users", "/audit", "/config"}) {
    EXPECT_NE(bed.show(target).status, 200) << target;
  }
  EXPECT_EQ(bed.ask(Method::Put, "/tenants/alpha/administrators/1002", "{}").status, 403);
  EXPECT_EQ(bed.post("/tenants/alpha/keys/rotate").status, 403);
  EXPECT_EQ(bed.post("/tenants/alpha/disable").status, 403);
  EXPECT_EQ(bed.post("/shutdown").status, 403);
  bed.peer().uid = 0;
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/administrators/1001").status, 200);
  bed.peer().uid = 1001;
  EXPECT_EQ(bed.show("/tenants/alpha/users").status, 403);
}

// What the configuration file does not have is said so.
TEST(AdminRooms, WhatIsNotConfiguredIsSaidSo) {
  AdminBed bed;
  const Reply reply = bed.show("/peers");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.member("code"), "ConfigMissing");
  EXPECT_NE(reply.body.find("configuration file"), std::string::npos) << reply.body;
}

// spec 3.2: names lie in a domain that this system owns.
TEST(AdminTenants, OwnDomains) {
  AdminBed bed;
  EXPECT_EQ(bed.show("/tenants/alpha/domains").body, R"({"items":[]})");
  EXPECT_EQ(bed.ask(Method::Put, "/tenants/alpha/domains/alpha.example", "{}").body,
            R"({"items":[{"domain":"alpha.example"}]})");
  EXPECT_EQ(bed.audited("tenant.domain.add", "ok"), 1);
  EXPECT_EQ(bed.ask(Method::Put, "/tenants/alpha/domains/Alpha", "{}").status, 400);
  EXPECT_EQ(bed.ask(Method::Put, "/tenants/nowhere/domains/alpha.example", "{}").status, 404);
  EXPECT_EQ(bed.post("/tenants/alpha/users", kAlice).status, 200);
  const Reply outside = bed.post("/tenants/alpha/users", R"({"login":"bob","mc_id":"sip:bob@bravo.example"})");
  EXPECT_EQ(outside.status, 400);
  EXPECT_EQ(outside.member("code"), "McIdentityInvalid");
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/domains/bravo.example").status, 404);
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/domains/alpha.example").body, R"({"items":[]})");
}

TEST(AdminClients, MayHaveAnAccessTokenLifeOfTheirOwn) {
  AdminBed bed;
  constexpr const char* kShift =
      R"({"client_id":"shift","redirect_uris":["https://a.example/"],"access_token_life":43200})";
  EXPECT_EQ(bed.post("/tenants/alpha/clients", kShift).member("access_token_life"), "43200");
  EXPECT_EQ(bed.ask(Method::Patch, "/tenants/alpha/clients/shift", R"({"access_token_life":43201})").status, 400);
  EXPECT_EQ(bed.ask(Method::Patch, "/tenants/alpha/clients/shift", R"({"access_token_life":"1"})").status, 400);
  EXPECT_EQ(
      bed.ask(Method::Patch, "/tenants/alpha/clients/shift", R"({"access_token_life":0})").member("access_token_life"),
      "");
}

TEST(AdminAudit, ComesBeforeTheChangeAndAfterIt) {
  AdminBed bed;
  EXPECT_EQ(bed.post("/tenants/alpha/users", kAlice).status, 200);
  EXPECT_EQ(bed.audited("user.add", "begun"), 1);
  EXPECT_EQ(bed.audited("user.add", "ok"), 1);
  EXPECT_EQ(bed.post("/tenants/alpha/users", kAlice).status, 409);
  EXPECT_EQ(bed.audited("user.add", "LoginTaken"), 1);
  const std::string text = bed.audit_text();
  EXPECT_NE(text.find("\"uid\":0,\"pid\":4711"), std::string::npos);
  EXPECT_NE(text.find("alpha/Alice"), std::string::npos);
  EXPECT_EQ(text.find("correct horse"), std::string::npos);
  const Reply verified = bed.post("/audit/verify", "{}");
  EXPECT_EQ(verified.member("intact"), "true") << verified.body;
}

TEST(AdminAudit, WhatCannotBeWrittenDownIsNotDone) {
  AdminBed bed;
  bed.store().set_full(true);
  const Reply refused = bed.post("/shutdown");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(bed.process.shutdowns, 0);
  bed.store().set_full(false);
  EXPECT_EQ(bed.post("/shutdown").status, 202);
  EXPECT_EQ(bed.process.shutdowns, 1);
}

TEST(AdminAudit, AChangeRunsToItsEndWhenTheAskerIsGone) {
  for (int turns = 0; turns < 12; ++turns) {
    AdminBed bed;
    identity::Sent sent;
    sent.method = Method::Post;
    sent.target = "/admin/v1/tenants/alpha/users";
    sent.fields = {{http::Field::ContentType, "application/json"}};
    sent.body = kAlice;
    bed.send_and_drop(sent, turns);
    bed.run_until([&bed] { return bed.audited("user.add", "ok") == 1; });
    EXPECT_EQ(bed.show("/tenants/alpha/users/alice").status, 200) << turns;
  }
}

TEST(AdminUsers, WaitsAfterWrongPasswordsAreLifted) {
  AdminBed bed;
  bed.add_public_client();
  const identity::User ann = bed.add_user();
  bed.peer().address = "192.0.2.7";
  const auto sign_in = [&](std::string_view login, std::string_view password) {
    return bed.sign_in(identity::authorize_query("app"), login, password).status;
  };
  for (std::uint32_t i = 0; i < bed.settings().limits.sign_in_tries; ++i) sign_in("ann", "wrong");
  EXPECT_EQ(sign_in("ann", "correct horse"), 429);
  const Reply held_up = bed.show("/tenants/alpha/users/ann");
  const std::int64_t now = numeric_date(bed.clock().wall());
  EXPECT_EQ(held_up.member("passwords_wait_until"), std::to_string(now + 30)) << held_up.body;
  EXPECT_EQ(held_up.member("passwords_elsewhere_wait_until"), std::to_string(now + 1));
  EXPECT_EQ(held_up.body.find("codes"), std::string::npos) << held_up.body;
  const Reply unlocked = bed.post("/tenants/alpha/users/ann/unlock");
  EXPECT_EQ(unlocked.status, 200);
  EXPECT_EQ(unlocked.member("login"), "ann");
  EXPECT_EQ(bed.show("/tenants/alpha/users/ann").body, unlocked.body) << "nobody waits any more";
  EXPECT_EQ(sign_in("ann", "correct horse"), 302);
  EXPECT_EQ(bed.audited("user.unlock", "ok"), 1);
  EXPECT_EQ(bed.post("/tenants/alpha/users/nobody/unlock").status, 404);

  for (std::uint32_t i = 0; i <= bed.settings().limits.source_tries; ++i) sign_in("user-" + std::to_string(i), "wrong");
  EXPECT_EQ(sign_in("somebody", "wrong"), 429);
  EXPECT_EQ(bed.post("/sources/192.0.2.7/unlock").status, 200);
  EXPECT_EQ(sign_in("somebody", "wrong"), 200);
  EXPECT_EQ(bed.audited("source.unlock", "ok"), 1);
  for (const char* bad : {"192.0.2", "localhost", "2001:db8::g"}) {
    EXPECT_EQ(bed.post(std::string("/sources/") + bad + "/unlock").member("code"), "BadValue") << bad;
  }
  // Addresses are everybody's: an administrator of one tenant lifts his users' waits only.
  ASSERT_EQ(bed.ask(Method::Put, "/tenants/alpha/administrators/1001").status, 200);
  bed.peer().uid = 1001;
  EXPECT_EQ(bed.post("/tenants/alpha/users/ann/unlock").status, 200);
  EXPECT_EQ(bed.post("/sources/192.0.2.7/unlock").status, 403);
}

TEST(AdminUsers, AreAddedShownChangedAndRemoved) {
  AdminBed bed;
  const Reply added = bed.post("/tenants/alpha/users", kAlice);
  ASSERT_EQ(added.status, 200) << added.body;
  EXPECT_EQ(added.member("login"), "alice");
  EXPECT_EQ(added.member("has_password"), "true");
  EXPECT_EQ(added.body.find("argon2"), std::string::npos);
  EXPECT_EQ(bed.show("/tenants/alpha/users/alice").body, added.body);
  EXPECT_EQ(bed.show("/tenants/alpha/users/" + added.member("sub")).body, added.body);

  EXPECT_EQ(bed.post("/tenants/alpha/users/alice/disable").member("enabled"), "false");
  EXPECT_EQ(bed.post("/tenants/alpha/users/alice/enable").member("enabled"), "true");
  EXPECT_EQ(bed.ask(Method::Put, "/tenants/alpha/users/alice/password", R"({"password":"another one"})").status, 200);
  EXPECT_EQ(bed.ask(Method::Put, "/tenants/alpha/users/alice/password", R"({"password":""})").status, 400);
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/users/alice").status, 200);
  EXPECT_EQ(bed.show("/tenants/alpha/users/alice").member("code"), "UserUnknown");
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/users/alice").status, 404);
  // Her MC ID is never given to anybody else.
  const Reply taken = bed.post("/tenants/alpha/users", R"({"login":"eve","mc_id":"sip:alice@alpha.example"})");
  EXPECT_EQ(taken.member("code"), "McIdentityTaken");
}

TEST(AdminUsers, RefuseWhatIsWrong) {
  AdminBed bed;
  const std::vector<std::pair<const char*, const char*>> cases{
      {"{", "JsonSyntax"},
      {"[]", "JsonType"},
      {"{}", "BadValue"},
      {R"({"login":7})", "BadValue"},
      {R"({"login":"a","colour":"red"})", "BadValue"},
      {R"({"login":"a","login":"b"})", "JsonDuplicate"},
      {R"({"login":"a","password":"x","password_hash":"y"})", "BadValue"},
      {R"({"login":"a","password_hash":"plain"})", "PasswordHashFormat"},
      {R"({"login":"a","mc_id":"no uri"})", "McIdentityInvalid"},
      {R"({"login":""})", "LoginInvalid"},
      {R"({"login":"a","scopes":"openid"})", "BadValue"},
      {R"({"login":"a","scopes":[1]})", "BadValue"},
  };
  for (const auto& [body, code] : cases) {
    const Reply reply = bed.post("/tenants/alpha/users", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(reply.member("code"), code) << body << reply.body;
  }
  EXPECT_EQ(bed.ask(Method::Post, "/tenants/alpha/users", kAlice, "text/plain").status, 415);
  EXPECT_EQ(bed.post("/tenants/nobody/users", kAlice).status, 404);
}

TEST(AdminUsers, ComeInPages) {
  AdminBed bed;
  for (int i = 0; i < 7; ++i) bed.add_user("user" + std::to_string(i));
  std::string after;
  std::size_t users = 0, pages = 0;
  do {
    const Reply page = bed.show("/tenants/alpha/users?limit=3" + (after.empty() ? std::string() : "&after=" + after));
    ASSERT_EQ(page.status, 200);
    for (std::size_t at = page.body.find("\"login\""); at != std::string::npos;
         at = page.body.find("\"login\"", at + 1))
      ++users;
    after = page.member("next");
    ++pages;
  } while (!after.empty());
  EXPECT_EQ(users, 7U);
  EXPECT_EQ(pages, 3U);
  for (const char* limit : {"0", "201", "x", "-1", "1x"}) {
    EXPECT_EQ(bed.show(std::string("/tenants/alpha/users?limit=") + limit).status, 400) << limit;
  }
}

TEST(AdminTransfer, ImportsWhatIsGoodAndNamesTheRest) {
  AdminBed bed;
  const std::string batch = R"({"login":"a","mc_id":"sip:a@alpha.example"})"
                            "\n"
                            "{broken\n"
                            R"({"login":"b","password":"secret of b"})"
                            "\n"
                            R"({"login":"c","mc_id":"sip:a@alpha.example"})"
                            "\n"
                            R"({"login":"d","colour":1})"
                            "\n"
                            R"({"login":"e","enabled":false})";
  const Reply first = bed.ask(Method::Post, "/tenants/alpha/user-import", batch, "application/x-ndjson");
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.member("created"), "3");
  EXPECT_NE(first.body.find(R"("index":1,"code":"JsonSyntax")"), std::string::npos) << first.body;
  EXPECT_NE(first.body.find(R"("index":3,)"), std::string::npos) << first.body;
  EXPECT_NE(first.body.find(R"("index":4,"code":"BadValue","reason":"colour: no such member")"), std::string::npos)
      << first.body;
  // Again: nothing is created a second time.
  const Reply second = bed.ask(Method::Post, "/tenants/alpha/user-import", batch, "application/x-ndjson");
  EXPECT_EQ(second.member("created"), "0");
  EXPECT_EQ(bed.show("/tenants/alpha/users/e").member("enabled"), "false");
  EXPECT_NE(bed.audit_text().find("created=3 updated=0 unchanged=0 refused=3"), std::string::npos);
  EXPECT_EQ(bed.audit_text().find("secret of b"), std::string::npos);
}

TEST(AdminTransfer, BoundsABatch) {
  AdminBed bed;
  std::string batch;
  for (int i = 0; i < 5000; ++i) batch += "{}\n";
  EXPECT_EQ(bed.ask(Method::Post, "/tenants/alpha/user-import", batch, "application/x-ndjson").member("code"),
            "TooMany");
  EXPECT_EQ(bed.ask(Method::Post, "/tenants/alpha/user-import", "{}", "application/json").status, 415);
  EXPECT_EQ(bed.ask(Method::Post, "/tenants/alpha/user-import", "", "").status, 415);
}

TEST(AdminTransfer, ExportsHashesOnlyWhenAsked) {
  AdminBed bed;
  bed.add_user("ann");
  EXPECT_EQ(bed.show("/tenants/alpha/user-export").body.find("argon2"), std::string::npos);
  EXPECT_NE(bed.show("/tenants/alpha/user-export?password_hashes=true").body.find("argon2"), std::string::npos);
  EXPECT_EQ(bed.show("/tenants/alpha/user-export?password_hashes=maybe").status, 400);
  EXPECT_EQ(bed.audited("user.export", "ok"), 2);
}

TEST(AdminClients, AreRegisteredAndTheirSecretIsShownOnce) {
  AdminBed bed;
  const Reply added =
      bed.post("/tenants/alpha/clients",
               R"({"client_id":"server","authentication":"client_secret_basic","grants":["client_credentials"],)"
               R"("may_introspect":true,"audiences":["https://a.example"]})");
  ASSERT_EQ(added.status, 200) << added.body;
  EXPECT_GE(added.member("client_secret").size(), 22U);
  const Reply shown = bed.show("/tenants/alpha/clients/server");
  EXPECT_EQ(shown.member("client_secret"), "");
  EXPECT_EQ(shown.member("authentication"), "client_secret_basic");
  EXPECT_EQ(bed.audit_text().find(added.member("client_secret")), std::string::npos);

  const Reply rotated = bed.post("/tenants/alpha/clients/server/secret");
  EXPECT_NE(rotated.member("client_secret"), added.member("client_secret"));
  EXPECT_EQ(bed.post("/tenants/alpha/clients/server/disable").member("enabled"), "false");
  EXPECT_EQ(bed.post("/tenants/alpha/clients/server/enable").member("enabled"), "true");
  EXPECT_NE(bed.show("/tenants/alpha/clients").body.find("\"server\""), std::string::npos);
  // What is named changes, and nothing else.
  const Reply changed =
      bed.ask(Method::Patch, "/tenants/alpha/clients/server",
              R"({"name":"Renamed","dpop_bound":true,"require_pushed_requests":true,"asks_consent":true,)"
              R"("subject_type":"pairwise","sector_identifier":"agency.example"})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.member("name"), "Renamed");
  EXPECT_EQ(changed.member("dpop_bound"), "true");
  EXPECT_EQ(changed.member("require_pushed_requests"), "true");
  EXPECT_EQ(changed.member("asks_consent"), "true");
  EXPECT_EQ(changed.member("subject_type"), "pairwise");
  EXPECT_EQ(changed.member("sector_identifier"), "agency.example");
  EXPECT_EQ(changed.member("authentication"), "client_secret_basic");
  for (const char* body :
       {R"({"subject_type":"x"})", R"({"profile":"x"})", R"({"grants":["x"]})", R"({"dpop_bound":1})",
        R"({"authentication":"x"})", R"({"client_id":"other"})", R"({"redirect_uris":["x"]})"}) {
    EXPECT_EQ(bed.ask(Method::Patch, "/tenants/alpha/clients/server", body).status, 400) << body;
  }
  EXPECT_EQ(bed.ask(Method::Patch, "/tenants/alpha/clients/nobody", "{}").member("code"), "ClientUnknown");
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/clients/server").status, 200);
  EXPECT_EQ(bed.show("/tenants/alpha/clients/server").member("code"), "ClientUnknown");
}

TEST(AdminClients, RefuseWhatIsWrong) {
  AdminBed bed;
  for (const char* body : {R"({"profile":"other"})", R"({"authentication":"password"})", R"({"grants":["implicit"]})",
                           R"({"grants":["authorization_code"],"redirect_uris":["/relative"]})", R"({"x":1})"}) {
    EXPECT_EQ(bed.post("/tenants/alpha/clients", body).status, 400) << body;
  }
}

TEST(AdminConsents, AreListedAndTakenBack) {
  AdminBed bed;
  const identity::User ann = bed.add_user("ann", "correct horse");
  identity::ClientDraft draft;
  draft.client_id = "web";
  draft.redirect_uris = {std::string(identity::kRedirect)};
  draft.may_code = true;
  identity::Consent consent;
  consent.scopes = {"openid", "profile"};
  consent.given_at = bed.add_client(std::move(draft)).client.created_at;
  storage::Transaction transaction;
  transaction.put(broker::tables::kConsents, identity::consent_key("alpha", ann.sub, "web"),
                  as_bytes(identity::encode_consent(consent)));
  ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(transaction))));
  EXPECT_EQ(bed.show("/tenants/alpha/users/ann/consents").body,
            R"({"items":[{"client_id":"web","scopes":["openid","profile"],"given_at":)" +
                std::to_string(consent.given_at) + "}]}");
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/users/ann/consents/other").status, 404);
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/users/ann/consents/web").status, 200);
  EXPECT_EQ(bed.show("/tenants/alpha/users/ann/consents").body, R"({"items":[]})");
  EXPECT_EQ(bed.show("/tenants/alpha/users/nobody/consents").status, 404);
  EXPECT_EQ(bed.audited("consent.revoke", "ok"), 1);
}

// What a browser sends back of what it was sent.
std::string cookies_of(const std::vector<Reply>& replies) {
  std::string field;
  for (const Reply& reply : replies) {
    for (const auto& [name, value] : reply.headers) {
      if (name == "set-cookie") field += (field.empty() ? "" : "; ") + value.substr(0, value.find(';'));
    }
  }
  return field;
}

// Or the browser would be back without asking its user.
TEST(AdminSessions, EndWithTheSignInThatTheyCameFrom) {
  AdminBed bed;
  bed.add_user("ann", "correct horse");
  const identity::Client client = bed.add_public_client();
  const std::string question = "/idms/v1/alpha/authorize?" + identity::authorize_query(client.client_id);
  std::string refresh_token;    // of the last one
  const auto signed_in = [&] {  // a browser, by its cookies
    const Reply page = bed.send(identity::get(question));
    identity::Sent form =
        identity::post_form("/idms/v1/alpha/sign-in", "interaction=" + identity::hidden_interaction(page.body) +
                                                          "&username=ann&password=correct%20horse");
    form.fields.emplace_back(http::Field::Cookie, cookies_of({page}));
    const Reply done = bed.send(form);
    EXPECT_FALSE(done.redirected("code").empty()) << done.body;
    const Reply tokens = bed.send(
        identity::post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=" + client.client_id +
                                                        "&code=" + done.redirected("code") +
                                                        "&redirect_uri=" + identity::escaped(identity::kRedirect) +
                                                        "&code_verifier=" + std::string(identity::kVerifier)));
    EXPECT_EQ(tokens.status, 200) << tokens.body;
    refresh_token = tokens.member("refresh_token");
    return cookies_of({page, done});
  };
  const auto asked_silently = [&](const std::string& cookies) {
    identity::Sent sent = identity::get(question + "&prompt=none");
    sent.fields.emplace_back(http::Field::Cookie, cookies);
    const Reply reply = bed.send(sent);
    return reply.redirected("code").empty() ? reply.redirected("error") : "signed in";
  };
  const std::string first = signed_in();
  const std::string list = bed.show("/tenants/alpha/users/ann/sessions").body;
  const std::string sid = list.substr(list.find("\"sid\":\"") + 7, 22);
  bed.clock().advance(Seconds{2});
  bed.run_turns(1);
  const std::string second = signed_in();
  EXPECT_EQ(asked_silently(first), "signed in");
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/sessions/" + sid).status, 200);
  EXPECT_EQ(asked_silently(first), "login_required");
  EXPECT_EQ(asked_silently(second), "signed in") << "another browser";
  ASSERT_FALSE(refresh_token.empty());
  EXPECT_EQ(bed.post("/tokens/revoke", R"({"token":")" + refresh_token + R"("})").status, 200);
  EXPECT_EQ(asked_silently(second), "login_required");
}

TEST(AdminSessions, AreListedAndRevoked) {
  AdminBed bed;
  bed.add_user("ann", "correct horse");
  const identity::Client client = bed.add_public_client();
  const Reply tokens = bed.sign_in_for_tokens(client.client_id);
  ASSERT_EQ(tokens.status, 200) << tokens.body;
  const std::string token = tokens.member("access_token");
  const Reply list = bed.show("/tenants/alpha/users/ann/sessions");
  ASSERT_EQ(list.status, 200);
  const std::size_t at = list.body.find("\"sid\":\"") + 7;
  const std::string sid = list.body.substr(at, 22);
  EXPECT_EQ(bed.show("/tenants/alpha/sessions/" + sid).member("state"), "active");

  const std::string asked = R"({"token":")" + token + R"("})";
  const Reply good = bed.post("/tokens/inspect", asked);
  EXPECT_EQ(good.member("state"), "good") << good.body;
  EXPECT_NE(good.body.find("\"login\":\"ann\""), std::string::npos);
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/sessions/" + sid).status, 200);
  const Reply bad = bed.post("/tokens/inspect", asked);
  EXPECT_EQ(bad.member("why"), "TokenRevoked") << bad.body;
  EXPECT_EQ(bed.show("/tenants/alpha/sessions/" + sid).member("state"), "revoked");
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/sessions/nothing").status, 404);
  EXPECT_EQ(bed.ask(Method::Delete, "/tenants/alpha/users/nobody/sessions").status, 404);
  EXPECT_EQ(bed.audit_text().find(token), std::string::npos);
}

TEST(AdminTokens, AreInspectedAndRevoked) {
  AdminBed bed;
  bed.add_user("ann", "correct horse");
  const identity::Client client = bed.add_public_client();
  const Reply tokens = bed.sign_in_for_tokens(client.client_id);
  const std::string access = R"({"token":")" + tokens.member("access_token") + R"("})";
  const std::string refresh = R"({"token":")" + tokens.member("refresh_token") + R"("})";
  EXPECT_EQ(bed.post("/tokens/inspect", refresh).member("state"), "good");
  EXPECT_EQ(bed.post("/tokens/revoke", access).member("state"), "revoked");
  EXPECT_EQ(bed.post("/tokens/inspect", access).member("why"), "TokenRevoked");
  EXPECT_EQ(bed.post("/tokens/revoke", access).status, 400);
  EXPECT_EQ(bed.post("/tokens/inspect", refresh).member("state"), "good");
  EXPECT_EQ(bed.post("/tokens/revoke", refresh).member("state"), "revoked");
  EXPECT_EQ(bed.post("/tokens/inspect", refresh).member("why"), "SessionEnded");

  for (const char* token : {"", "x", "a.b.c", "e30.e30.x", "....", "eyJhIjoxfQ.W10.x"}) {
    const Reply reply = bed.post("/tokens/inspect", std::string(R"({"token":")") + token + R"("})");
    EXPECT_TRUE(reply.status == 400 || reply.member("state") == "bad") << token << reply.body;
  }
}

TEST(AdminTokens, AHostileOneIsOnlyLookedAt) {
  AdminBed bed;
  const auto encoded = [](std::string_view json) {
    std::string text;
    codec::base64url_encode(as_bytes(json), text);
    return text;
  };
  const std::string issuer(identity::kIssuer);
  for (const std::string& claims : {R"({"iss":")" + issuer + R"(","sid":"\u0000\u0000"})",
                                    R"({"iss":")" + issuer + R"(","sid":"../x","sub":"\u0000"})",
                                    R"({"iss":")" + issuer + R"(","sid":"AAAAAAAAAAAAAAAAAAAAAA","exp":-1})",
                                    std::string(R"({"iss":"x","exp":"never"})")}) {
    const std::string token = encoded(R"({"alg":"none"})") + "." + encoded(claims) + ".";
    const Reply reply = bed.post("/tokens/inspect", R"({"token":")" + token + R"("})");
    EXPECT_EQ(reply.member("state"), "bad") << claims << reply.body;
  }
}

TEST(AdminKeys, AreListed) {
  AdminBed bed;
  const Reply keys = bed.show("/tenants/alpha/keys");
  EXPECT_NE(keys.body.find(R"("state":"active","algorithm":"ES256")"), std::string::npos) << keys.body;
  EXPECT_EQ(bed.show("/tenants/nobody/keys").status, 404);
}

TEST(AdminTenants, AreListedAndShown) {
  AdminBed bed;
  EXPECT_NE(bed.show("/tenants").body.find("\"name\":\"alpha\""), std::string::npos);
  EXPECT_EQ(bed.show("/tenants/alpha").member("issuer"), identity::kIssuer);
  EXPECT_EQ(bed.show("/tenants/bravo").status, 404);
  for (const char* body :
       {"{}", R"({"name":"Alpha"})", R"({"name":"a b"})", R"({"name":""})", R"({"name":"a","algorithm":"none"})"}) {
    EXPECT_EQ(bed.post("/tenants", body).status, 400) << body;
  }
}

TEST(AdminClock, IsASandboxesOnly) {
  AdminBed bed;
  const Reply refused = bed.ask(Method::Put, "/clock", R"({"advance":60})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.member("code"), "ConfigSandboxOnly");
  EXPECT_EQ(bed.show("/clock").member("is_set"), "false");

  SandboxClock clock;
  bed.process.clock = &clock;
  EXPECT_EQ(bed.ask(Method::Put, "/clock", R"({"time":2000000000,"speed":0})").status, 200);
  EXPECT_EQ(numeric_date(clock.wall()), 2'000'000'000);
  EXPECT_EQ(bed.ask(Method::Put, "/clock", R"({"advance":60})").status, 200);
  EXPECT_EQ(numeric_date(clock.wall()), 2'000'000'060);
  for (const char* body :
       {"{}", R"({"advance":-1})", R"({"time":-1})", R"({"time":1,"advance":1})", R"({"speed":1000001})",
        R"({"speed":-1})", R"({"advance":9223372036854775807})", R"({"time":"now"})"}) {
    EXPECT_EQ(bed.ask(Method::Put, "/clock", body).status, 400) << body;
  }
}

TEST(AdminDaemon, ReloadSaysWhatWasWrong) {
  AdminBed bed;
  bed.process.report.needs_restart = {"shards"};
  bed.process.report.snapshot = 9;
  bed.process.report.warnings = {"server.pem: the certificate ends in 5 days"};
  EXPECT_EQ(bed.post("/reload").body,
            R"({"snapshot":9,"needs_restart":["shards"],"warnings":["server.pem: the certificate ends in 5 days"]})");
  bed.process.report.errors = {"claviger.toml:3: shards must be a number"};
  const Reply refused = bed.post("/reload");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.member("detail").find("claviger.toml:3"), std::string::npos);
}

TEST(AdminDaemon, ShowsItsConfigurationAndSetsTheLogLevel) {
  AdminBed bed;
  EXPECT_NE(bed.show("/config").member("toml").find("public_origin"), std::string::npos);
  EXPECT_EQ(bed.ask(Method::Put, "/log/level", R"({"level":"debug"})").member("level"), "debug");
  EXPECT_EQ(bed.show("/log/level").member("level"), "debug");
  EXPECT_EQ(bed.ask(Method::Put, "/log/level", R"({"level":"loud"})").status, 400);
}

TEST(AdminStatus, SaysHowTheStoreIs) {
  AdminBed bed;
  const Reply good = bed.show("/status");
  EXPECT_EQ(good.member("state"), "ready");
  EXPECT_NE(good.body.find("\"allocator\":\""), std::string::npos);
  EXPECT_NE(good.member("openssl").find("OpenSSL 3"), std::string::npos);
  bed.process.not_ready = "draining";
  EXPECT_EQ(bed.show("/status").member("state"), "draining");
}

TEST(Metrics, AreWellFormedAndReadinessSaysWhy) {
  AdminBed bed;
  bed.context()->figures->sign_ins_passed.add(3);
  bed.context()->figures->grants[0].latency.observe(std::chrono::microseconds(300));
  identity::Sent sent;
  sent.target = "/metrics";
  const Reply metrics = bed.send(sent);
  EXPECT_EQ(metrics.status, 200);
  EXPECT_NE(metrics.body.find("claviger_sign_ins_total{result=\"passed\"} 3\n"), std::string::npos);
  EXPECT_NE(
      metrics.body.find("claviger_token_request_seconds_bucket{grant=\"authorization_code\",le=\"0.000256\"} 0\n"),
      std::string::npos);
  EXPECT_NE(
      metrics.body.find("claviger_token_request_seconds_bucket{grant=\"authorization_code\",le=\"0.000512\"} 1\n"),
      std::string::npos);
  EXPECT_NE(metrics.body.find("claviger_turn_seconds_bucket{le=\"0.001024\"} "), std::string::npos);
  EXPECT_NE(metrics.body.find("claviger_wake_seconds_count "), std::string::npos);
  EXPECT_NE(metrics.body.find("claviger_token_request_seconds_count{grant=\"authorization_code\"} 1\n"),
            std::string::npos);
  // Each line is a comment or "name{labels} number".
  for (std::size_t at = 0; at < metrics.body.size();) {
    const std::size_t end = metrics.body.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const std::string line = metrics.body.substr(at, end - at);
    at = end + 1;
    EXPECT_TRUE(line.starts_with("# HELP claviger_") || line.starts_with("# TYPE claviger_") ||
                (line.starts_with("claviger_") && line.find(' ') != std::string::npos))
        << line;
  }
  sent.target = "/livez";
  EXPECT_EQ(bed.send(sent).status, 200);
  sent.target = "/readyz";
  EXPECT_EQ(bed.send(sent).body, "ready\n");
  bed.store().set_full(true);
  EXPECT_FALSE(bed.wait(bed.audit.append({})));  // the store notices when it writes
  const Reply full = bed.send(sent);
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.body, "not ready: no space\n");
}

}  // namespace
}  // namespace claviger::admin
