// Userinfo (spec 4.3 and 4.7), metadata, JWKS, session procedures.
#include <gtest/gtest.h>

#include "broker/identity/client_procedures.h"
#include "broker/identity/discovery_endpoint.h"
#include "broker/identity/session_procedures.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kUserinfo = "/idms/v1/alpha/userinfo";

struct Userinfo : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();

  Sent with_token(std::string_view token, std::string_view scheme = "Bearer ") {
    Sent sent = get(std::string(kUserinfo));
    sent.fields.emplace_back(http::Field::Authorization, std::string(scheme) + std::string(token));
    return sent;
  }
  static void expect_challenge(const Reply& reply, std::uint16_t status, std::string_view error) {
    EXPECT_EQ(reply.status, status);
    const std::string challenge = reply.header("www-authenticate");
    EXPECT_TRUE(challenge.starts_with("Bearer realm=\"alpha\"")) << challenge;
    if (error.empty()) {
      EXPECT_EQ(challenge, "Bearer realm=\"alpha\"");
    } else {
      EXPECT_NE(challenge.find("error=\"" + std::string(error) + "\""), std::string::npos) << challenge;
    }
  }
};

TEST_F(Userinfo, TellsWhatTheScopesAllow) {
  Reply tokens = bed.sign_in_for_tokens("app", "openid profile 3gpp:mc:ptt_service");
  Reply reply = bed.send(with_token(tokens.member("access_token")));
  ASSERT_EQ(reply.status, 200) << reply.header("www-authenticate");
  EXPECT_EQ(reply.member("sub"), ann.sub);
  EXPECT_EQ(reply.member("name"), "Ann");
  EXPECT_EQ(reply.member("preferred_username"), "ann");
  EXPECT_EQ(reply.member("mcptt_id"), ann.mcptt_id);
  EXPECT_EQ(reply.member("mcdata_id"), "");
  EXPECT_EQ(reply.cache_control, "no-store");
  tokens = bed.sign_in_for_tokens("app");
  reply = bed.send(with_token(tokens.member("access_token"), "bEARER  "));
  EXPECT_EQ(reply.member("sub"), ann.sub);
  EXPECT_EQ(reply.member("name"), "");
  EXPECT_EQ(reply.member("mcptt_id"), "");
  Sent by_post = with_token(tokens.member("access_token"));
  by_post.method = http::Method::Post;
  EXPECT_EQ(bed.send(by_post).status, 200);
}

TEST_F(Userinfo, NoTokenIsABareChallenge) {
  expect_challenge(bed.send(get(std::string(kUserinfo))), 401, "");
  expect_challenge(bed.send(with_token("abc", "Basic ")), 401, "");
  // In the query or the body it is no token at all.
  const std::string token = bed.sign_in_for_tokens("app").member("access_token");
  expect_challenge(bed.send(get(std::string(kUserinfo) + "?access_token=" + token)), 401, "");
  expect_challenge(bed.send(post_form(std::string(kUserinfo), "access_token=" + token)), 401, "");
}

// What a client has ends with it, and stays ended.

TEST_F(Userinfo, OfAClientThatWasDisabled) {
  const Reply tokens = bed.sign_in_for_tokens("app");
  ASSERT_EQ(bed.send(with_token(tokens.member("access_token"))).status, 200);
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "app", false)));
  expect_challenge(bed.send(with_token(tokens.member("access_token"))), 401, "invalid_token");
  bed.clock().advance(1s);
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "app", true)));
  expect_challenge(bed.send(with_token(tokens.member("access_token"))), 401, "invalid_token");
  const std::string refresh = "grant_type=refresh_token&client_id=app&refresh_token=" + tokens.member("refresh_token");
  EXPECT_EQ(bed.send(post_form("/idms/v1/alpha/token", refresh)).member("error"), "invalid_grant");
  const auto sessions = bed.wait(list_sessions(bed.context(), "alpha", ann.sub, "", 10));
  ASSERT_TRUE(sessions);
  EXPECT_EQ(sessions->sessions.front().state, SessionState::Revoked);
  EXPECT_EQ(bed.send(with_token(bed.sign_in_for_tokens("app").member("access_token"))).status, 200);
}

TEST_F(Userinfo, OfAClientThatWasRemovedWhoeverTakesItsName) {
  ClientDraft other;
  other.client_id = "other";
  other.redirect_uris = {std::string(kRedirect)};
  other.may_code = true;
  bed.add_client(other);
  const Reply tokens = bed.sign_in_for_tokens("app");
  const Reply kept = bed.sign_in_for_tokens("other");
  ASSERT_TRUE(bed.wait(remove_client(bed.context(), "alpha", "app")));
  expect_challenge(bed.send(with_token(tokens.member("access_token"))), 401, "invalid_token");
  EXPECT_EQ(bed.wait(remove_client(bed.context(), "alpha", "app")).error().code, Code::ClientUnknown);
  bed.add_public_client();
  expect_challenge(bed.send(with_token(tokens.member("access_token"))), 401, "invalid_token");
  const std::string refresh = "grant_type=refresh_token&client_id=app&refresh_token=" + tokens.member("refresh_token");
  EXPECT_EQ(bed.send(post_form("/idms/v1/alpha/token", refresh)).member("error"), "invalid_grant");
  EXPECT_EQ(bed.send(with_token(kept.member("access_token"))).status, 200);  // another's
}

TEST_F(Userinfo, AnEndThatFailedHalfWayIsAskedForAgain) {
  const std::string token = bed.sign_in_for_tokens("app").member("access_token");
  // As if we had died behind the first commit of a removal.
  app.is_enabled = false;
  storage::Transaction transaction;
  transaction.put(broker::tables::kClients, client_key("alpha", "app"), as_bytes(encode_client(app)));
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(transaction))));
  ASSERT_EQ(bed.send(with_token(token)).status, 200);
  ASSERT_TRUE(bed.wait(remove_client(bed.context(), "alpha", "app")));
  expect_challenge(bed.send(with_token(token)), 401, "invalid_token");
}

TEST_F(Userinfo, SeveralOrMalformed) {
  const std::string token = bed.sign_in_for_tokens("app").member("access_token");
  Sent twice = with_token(token);
  twice.fields.emplace_back(http::Field::Authorization, "Bearer " + token);
  expect_challenge(bed.send(twice), 400, "invalid_request");
  Sent query = with_token(token);
  query.target += "?access_token=" + token;
  expect_challenge(bed.send(query), 400, "invalid_request");
  for (const char* bad : {"", "a b", "a,b", "\"a\""})
    expect_challenge(bed.send(with_token(bad)), 400, "invalid_request");
}

TEST_F(Userinfo, BadTokens) {
  const std::string token = bed.sign_in_for_tokens("app").member("access_token");
  expect_challenge(bed.send(with_token("a.b.c")), 401, "invalid_token");
  std::string forged = token;
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  expect_challenge(bed.send(with_token(forged)), 401, "invalid_token");
  const Reply session = bed.sign_in_for_tokens("app");
  expect_challenge(bed.send(with_token(session.member("id_token"))), 401, "invalid_token");
  const std::string sid = member_of(claims_of(session.member("access_token")), "sid");
  ASSERT_TRUE(bed.wait(end_session(bed.context(), "alpha", sid, SessionState::SignedOff)));
  expect_challenge(bed.send(with_token(session.member("access_token"))), 401, "invalid_token");
  EXPECT_EQ(bed.send(with_token(token)).status, 200);
  bed.clock().advance(331s);
  expect_challenge(bed.send(with_token(token)), 401, "invalid_token");
}

TEST_F(Userinfo, ATokenOfADisabledUser) {
  const std::string token = bed.sign_in_for_tokens("app").member("access_token");
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  expect_challenge(bed.send(with_token(token)), 401, "invalid_token");
}

TEST_F(Userinfo, WithoutOpenidIsForbidden) {
  ClientDraft draft;
  draft.client_id = "server";
  draft.authentication = ClientAuthentication::SecretBasic;
  draft.may_client_credentials = true;
  draft.scopes = {"3gpp:mc:ptt_service"};
  const CreatedClient server = bed.add_client(std::move(draft));
  const Reply tokens = bed.send(with_basic(post_form("/idms/v1/alpha/token", "grant_type=client_credentials"), "server",
                                           as_text(server.secret.reveal())));
  const Reply reply = bed.send(with_token(tokens.member("access_token")));
  expect_challenge(reply, 403, "insufficient_scope");
  EXPECT_NE(reply.header("www-authenticate").find("scope=\"openid\""), std::string::npos);
}

TEST_F(Userinfo, ABoundTokenWantsItsCertificate) {
  ClientChange change;
  change.is_certificate_bound = true;
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", change)));
  bed.peer().certificate_digest.emplace().fill(std::byte{7});
  const std::string token = bed.sign_in_for_tokens("app").member("access_token");
  EXPECT_EQ(bed.send(with_token(token)).status, 200);
  bed.peer().certificate_digest->fill(std::byte{8});
  expect_challenge(bed.send(with_token(token)), 401, "invalid_token");
  bed.peer().certificate_digest.reset();
  expect_challenge(bed.send(with_token(token)), 401, "invalid_token");
}

TEST_F(Userinfo, OtherTenantMethodStore) {
  EXPECT_EQ(bed.send(get("/idms/v1/bravo/userinfo")).status, 404);
  EXPECT_EQ(bed.send({http::Method::Delete, std::string(kUserinfo)}).status, 405);
  const std::string token = bed.sign_in_for_tokens("app").member("access_token");
  bed.store().corrupt(broker::tables::kUsers, user_key("alpha", ann.sub));
  EXPECT_EQ(bed.send(with_token(token)).status, 500);
}

struct Discovery : ::testing::Test {
  Testbed bed;
};

TEST_F(Discovery, SameDocumentAtBothPlaces) {
  const Reply oidc = bed.send(get("/idms/v1/alpha/.well-known/openid-configuration"));
  const Reply oauth = bed.send(get("/.well-known/oauth-authorization-server/idms/v1/alpha"));
  EXPECT_EQ(oidc.status, 200);
  EXPECT_EQ(oidc.body, oauth.body);
  EXPECT_EQ(oidc.body, bed.send(get("/idms/v1/alpha/.well-known/oauth-authorization-server")).body);
  EXPECT_EQ(oidc.body, bed.send(get("/.well-known/openid-configuration/idms/v1/alpha")).body);
  EXPECT_EQ(oidc.content_type, "application/json");
  EXPECT_EQ(oidc.cache_control, "public, max-age=300");
  EXPECT_EQ(oidc.member("issuer"), kIssuer);
  EXPECT_EQ(oidc.member("token_endpoint"), std::string(kIssuer) + "/token");
  EXPECT_EQ(oidc.member("jwks_uri"), std::string(kIssuer) + "/jwks");
  EXPECT_EQ(oidc.member("authorization_response_iss_parameter_supported"), "true");
  EXPECT_EQ(oidc.member("request_parameter_supported"), "false");
  EXPECT_EQ(oidc.member("pushed_authorization_request_endpoint"), std::string(kIssuer) + "/par");
  EXPECT_NE(oidc.body.find("\"dpop_signing_alg_values_supported\":[\"ES256\",\"EdDSA\",\"RS256\"]"), std::string::npos);
  EXPECT_NE(oidc.body.find("\"subject_types_supported\":[\"public\",\"pairwise\"]"), std::string::npos);
  EXPECT_EQ(oidc.member("end_session_endpoint"), std::string(kIssuer) + "/logout");
  EXPECT_EQ(oidc.member("backchannel_logout_supported"), "true");
  EXPECT_EQ(oidc.member("backchannel_logout_session_supported"), "true");
  // Only what exists.
  for (const char* absent : {"registration_endpoint"}) {
    EXPECT_EQ(oidc.body.find(absent), std::string::npos) << absent;
  }
  EXPECT_NE(oidc.body.find("\"code_challenge_methods_supported\":[\"S256\"]"), std::string::npos);
  EXPECT_NE(oidc.body.find("\"id_token_signing_alg_values_supported\":[\"ES256\"]"), std::string::npos);
}

TEST_F(Discovery, HasTheMembersOfTheList) {  // spec 4.1
  const std::string document = bed.send(get("/idms/v1/alpha/.well-known/openid-configuration")).body;
  for (const char* member : {"issuer",
                             "authorization_endpoint",
                             "token_endpoint",
                             "userinfo_endpoint",
                             "jwks_uri",
                             "revocation_endpoint",
                             "introspection_endpoint",
                             "pushed_authorization_request_endpoint",
                             "end_session_endpoint",
                             "scopes_supported",
                             "response_types_supported",
                             "response_modes_supported",
                             "grant_types_supported",
                             "acr_values_supported",
                             "subject_types_supported",
                             "id_token_signing_alg_values_supported",
                             "token_endpoint_auth_methods_supported",
                             "token_endpoint_auth_signing_alg_values_supported",
                             "code_challenge_methods_supported",
                             "claims_supported",
                             "dpop_signing_alg_values_supported",
                             "tls_client_certificate_bound_access_tokens",
                             "authorization_response_iss_parameter_supported",
                             "backchannel_logout_supported",
                             "backchannel_logout_session_supported",
                             "require_pushed_authorization_requests",
                             "request_parameter_supported",
                             "request_uri_parameter_supported",
                             "ui_locales_supported"}) {
    EXPECT_NE(document.find("\"" + std::string(member) + "\":"), std::string::npos) << member;
  }
}

TEST_F(Discovery, TenantsUnknownAndMethods) {
  EXPECT_EQ(bed.send(get("/idms/v1/bravo/.well-known/openid-configuration")).status, 404);
  EXPECT_EQ(bed.send(get("/.well-known/oauth-authorization-server/idms/v1/bravo")).status, 404);
  EXPECT_EQ(bed.send(get("/idms/v1/bravo/jwks")).status, 404);
  EXPECT_EQ(bed.send(post_form("/idms/v1/alpha/jwks", "")).status, 405);
  EXPECT_EQ(bed.send(post_form("/idms/v1/alpha/.well-known/openid-configuration", "")).status, 405);
  EXPECT_EQ(bed.send({http::Method::Head, "/idms/v1/alpha/jwks"}).status, 200);
}

TEST_F(Discovery, JwksWithTag) {
  const Reply reply = bed.send(get("/idms/v1/alpha/jwks"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.cache_control, "public, max-age=300");
  EXPECT_EQ(reply.header("etag"), "\"tag\"");
  EXPECT_EQ(reply.body.find("\"d\""), std::string::npos);
  for (const char* known : {"\"tag\"", "W/\"tag\"", "\"x\", \"tag\"", "*"}) {
    Sent sent = get("/idms/v1/alpha/jwks");
    sent.fields.emplace_back(http::Field::IfNoneMatch, known);
    const Reply unchanged = bed.send(sent);
    EXPECT_EQ(unchanged.status, 304) << known;
    EXPECT_EQ(unchanged.header("etag"), "\"tag\"");
    EXPECT_EQ(unchanged.body, "");
  }
  Sent sent = get("/idms/v1/alpha/jwks");
  sent.fields.emplace_back(http::Field::IfNoneMatch, "\"other\"");
  EXPECT_EQ(bed.send(sent).status, 200);
}

struct SessionOperations : Userinfo {};

TEST_F(SessionOperations, ListShowEnd) {
  std::vector<std::string> sids;
  for (int i = 0; i < 3; ++i) {
    sids.push_back(member_of(claims_of(bed.sign_in_for_tokens("app").member("access_token")), "sid"));
  }
  auto page = bed.wait(list_sessions(bed.context(), "alpha", ann.sub, "", 2));
  EXPECT_EQ(page->sessions.size(), 2U);
  page = bed.wait(list_sessions(bed.context(), "alpha", ann.sub, page->next, 2));
  EXPECT_EQ(page->sessions.size(), 1U);
  EXPECT_TRUE(bed.wait(list_sessions(bed.context(), "alpha", "nobody", "", 2)).failed_with(Code::UserUnknown));
  const auto one = bed.wait(find_session(bed.context(), "alpha", sids[0]));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->sub, ann.sub);
  EXPECT_EQ(one->client_id, "app");
  EXPECT_EQ(one->amr, std::vector<std::string>{"pwd"});
  EXPECT_EQ(one->source, "192.0.2.1");
  ASSERT_TRUE(bed.wait(end_session(bed.context(), "alpha", sids[0], SessionState::SignedOff)));
  ASSERT_TRUE(bed.wait(end_session(bed.context(), "alpha", sids[0], SessionState::Revoked)));  // changes nothing
  EXPECT_EQ(bed.wait(find_session(bed.context(), "alpha", sids[0]))->state, SessionState::SignedOff);
  EXPECT_EQ(bed.wait(find_session(bed.context(), "alpha", sids[1]))->state, SessionState::Active);
  EXPECT_TRUE(
      bed.wait(end_session(bed.context(), "alpha", "none", SessionState::Revoked)).failed_with(Code::SessionUnknown));
  bed.store().fail_commits(2, Code::Conflict);
  EXPECT_TRUE(bed.wait(end_session(bed.context(), "alpha", sids[1], SessionState::Revoked)));
  ASSERT_TRUE(bed.wait(end_sessions_of_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(bed.wait(find_session(bed.context(), "alpha", sids[2]))->state, SessionState::Revoked);
}

TEST_F(SessionOperations, SessionsGoWithTheUserAndWithTime) {
  const std::string sid = member_of(claims_of(bed.sign_in_for_tokens("app").member("access_token")), "sid");
  bed.clock().advance(12h);
  EXPECT_TRUE(bed.wait(find_session(bed.context(), "alpha", sid)).failed_with(Code::SessionUnknown));
  EXPECT_TRUE(bed.wait(list_sessions(bed.context(), "alpha", ann.sub, "", 10))->sessions.empty());
  bed.sign_in_for_tokens("app");
  ASSERT_TRUE(bed.wait(remove_user(bed.context(), "alpha", ann.sub)));
  const auto left = bed.wait(bed.context()->store.range(broker::tables::kSessions, "", "", 10));
  EXPECT_TRUE(left->empty());
  const auto rows = bed.wait(bed.context()->store.range(broker::tables::kUserSessions, "", "", 10));
  EXPECT_TRUE(rows->empty());
}

}  // namespace
}  // namespace claviger::identity
