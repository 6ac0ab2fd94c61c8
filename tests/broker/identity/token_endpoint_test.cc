// The token endpoint: the rows of spec 4.3 that concern its three grants, and what a good request gets.
#include <gtest/gtest.h>

#include "broker/identity/authorization_code.h"
#include "broker/identity/session_procedures.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kToken = "/idms/v1/alpha/token";

struct TokenEndpoint : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();

  Reply post(const std::string& body) { return bed.send(post_form(std::string(kToken), body)); }
  std::string fresh_code(std::string_view client_id = "app", std::string_view scope = "openid") {
    return bed.sign_in(authorize_query(client_id, scope), "ann", "correct horse").redirected("code");
  }
  static std::string code_body(std::string_view code, std::string_view client_id = "app") {
    return "grant_type=authorization_code&client_id=" + std::string(client_id) + "&code=" + std::string(code) +
           "&redirect_uri=" + escaped(kRedirect) + "&code_verifier=" + std::string(kVerifier);
  }
  static std::string refresh_body(std::string_view token, std::string_view extra = {}) {
    return "grant_type=refresh_token&client_id=app&refresh_token=" + std::string(token) + std::string(extra);
  }
  static void expect_error(const Reply& reply, std::uint16_t status, std::string_view error) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.member("error"), error) << reply.body;
    EXPECT_EQ(reply.content_type, "application/json");
    EXPECT_EQ(reply.cache_control, "no-store");
    EXPECT_EQ(reply.header("pragma"), "no-cache");
  }
  CreatedClient add_server(std::vector<std::string> scopes = {"3gpp:mc:ptt_service"}) {
    ClientDraft draft;
    draft.client_id = "server";
    draft.authentication = ClientAuthentication::SecretBasic;
    draft.may_client_credentials = true;
    draft.scopes = std::move(scopes);
    return bed.add_client(std::move(draft));
  }
  bool is_accepted(const std::string& access_token) {
    return bed.context()->tokens->verify_own(*bed.context()->snapshot->find("alpha"), access_token).has_value();
  }
};

// Authorization code.

// Codes that a release before this one gave out stand under their digest alone.
TEST_F(TokenEndpoint, RedeemsACodeOfTheFormerRelease) {
  const std::string code = fresh_code();
  const auto found = bed.wait(read_code(bed.context(), "alpha", code_digest(code)));
  ASSERT_TRUE(found);
  AuthorizationCode former = *found;
  former.interaction_expires_at = 0;
  const std::string its_code(43, 'A');
  former.digest.clear();
  codec::hex_encode(crypto::sha256(as_bytes(its_code)), former.digest);
  storage::Transaction transaction;
  put_code(transaction, "alpha", former, former.expires_at);
  ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(transaction))));
  EXPECT_EQ(post(code_body(its_code)).status, 200);
  expect_error(post(code_body(its_code)), 400, "invalid_grant");
}

// A form that was opened in its interaction's last second may be answered behind it: of an interaction comes one code.
TEST_F(TokenEndpoint, ACodeIsRememberedBeyondItsInteraction) {
  const std::string code = fresh_code();
  EXPECT_EQ(post(code_body(code)).status, 200);
  const auto found = bed.wait(read_code(bed.context(), "alpha", code_digest(code)));
  ASSERT_TRUE(found);
  const std::int64_t now = numeric_date(bed.shard().wall());
  ASSERT_GT(found->interaction_expires_at, now);
  bed.clock().advance(Seconds(found->interaction_expires_at - now + kRedeemedCodeKept.count() - 1));
  EXPECT_TRUE(bed.wait(read_code(bed.context(), "alpha", code_digest(code))));
  bed.clock().advance(2s);
  EXPECT_TRUE(bed.wait(read_code(bed.context(), "alpha", code_digest(code))).failed_with(Code::CodeInvalid));
}

// What is made together is looked for and written together: both begin with their second. The table keeps codes in the order
// of time (hexadecimal) and sessions of one second side by side (base64url does not keep the order of what it encodes).
TEST_F(TokenEndpoint, CodesLieInTheOrderOfTimeAndSessionsOfASecondSideBySide) {
  const auto moment_of = [&](const std::string& text) {
    std::array<std::byte, 32> bytes{};
    EXPECT_TRUE(codec::base64url_decode(text, bytes)) << text;
    return load_be<std::uint32_t>(std::span<const std::byte>(bytes).first<4>());
  };
  const auto now = static_cast<std::uint32_t>(numeric_date(bed.shard().wall()));
  const std::string code = fresh_code();
  EXPECT_EQ(moment_of(code), now);
  const std::string sid = member_of(claims_of(post(code_body(code)).member("id_token")), "sid");
  EXPECT_EQ(sid.size(), 22U);
  EXPECT_EQ(moment_of(sid), now);
  EXPECT_LT(code_digest(code), (bed.clock().advance(1s), code_digest(fresh_code())));
}

TEST_F(TokenEndpoint, RedeemsACode) {
  const Reply reply = post(code_body(fresh_code("app", "openid 3gpp:mc:ptt_service 3gpp:mc:video_service")));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.cache_control, "no-store");
  EXPECT_EQ(reply.header("pragma"), "no-cache");
  EXPECT_EQ(reply.member("token_type"), "Bearer");
  EXPECT_EQ(reply.member("expires_in"), "300");
  EXPECT_EQ(reply.member("scope"), "openid 3gpp:mc:ptt_service");  // no MCVideo for Ann
  EXPECT_EQ(reply.member("refresh_token").size(), 70U);

  const std::string access = claims_of(reply.member("access_token"));
  EXPECT_EQ(member_of(access, "iss"), kIssuer);
  EXPECT_EQ(member_of(access, "sub"), ann.sub);
  EXPECT_EQ(member_of(access, "client_id"), "app");
  EXPECT_EQ(member_of(access, "aud"), std::string(kIssuer) + "/servers/mcptt");
  EXPECT_EQ(member_of(access, "mcptt_id"), ann.mcptt_id);
  EXPECT_EQ(member_of(access, "acr"), "3gpp:acr:password");
  EXPECT_TRUE(is_accepted(reply.member("access_token")));

  const std::string id = claims_of(reply.member("id_token"));
  EXPECT_EQ(member_of(id, "sub"), ann.sub);
  EXPECT_EQ(member_of(id, "aud"), "app");
  EXPECT_EQ(member_of(id, "nonce"), "n1");
  EXPECT_EQ(member_of(id, "acr"), "3gpp:acr:password");
  EXPECT_EQ(member_of(id, "mcptt_id"), ann.mcptt_id);
  EXPECT_EQ(member_of(id, "mcvideo_id"), "");
  EXPECT_EQ(member_of(id, "sid"), member_of(access, "sid"));
  EXPECT_FALSE(member_of(id, "at_hash").empty());
  EXPECT_FALSE(member_of(id, "auth_time").empty());
}

TEST_F(TokenEndpoint, McIdentitiesStayOutWithoutTheirScope) {
  const Reply reply = post(code_body(fresh_code()));
  EXPECT_EQ(member_of(claims_of(reply.member("access_token")), "mcptt_id"), "");
  EXPECT_EQ(member_of(claims_of(reply.member("id_token")), "mcptt_id"), "");
}

TEST_F(TokenEndpoint, CodeMissing) {
  expect_error(
      post("grant_type=authorization_code&client_id=app&redirect_uri=x&code_verifier=" + std::string(kVerifier)), 400,
      "invalid_request");
}
TEST_F(TokenEndpoint, CodeUnknown) {
  expect_error(post(code_body(std::string(43, 'A'))), 400, "invalid_grant");
  expect_error(post(code_body(std::string(4096, 'A'))), 400, "invalid_grant");
}
TEST_F(TokenEndpoint, CodeExpired) {
  const std::string code = fresh_code();
  bed.clock().advance(60s);
  expect_error(post(code_body(code)), 400, "invalid_grant");
}
TEST_F(TokenEndpoint, CodeUsedTwiceEndsItsSession) {  // RFC 6749 clause 10.5
  const std::string code = fresh_code();
  const Reply first = post(code_body(code));
  ASSERT_EQ(first.status, 200);
  ASSERT_TRUE(is_accepted(first.member("access_token")));
  expect_error(post(code_body(code)), 400, "invalid_grant");
  EXPECT_FALSE(is_accepted(first.member("access_token")));
  expect_error(post(refresh_body(first.member("refresh_token"))), 400, "invalid_grant");
  expect_error(post(code_body(code)), 400, "invalid_grant");
}
TEST_F(TokenEndpoint, OfTwoRedemptionsAtOnceOneWins) {
  const std::string code = fresh_code();
  const Sent sent = post_form(std::string(kToken), code_body(code));
  const auto replies = bed.send_together({sent, sent});
  EXPECT_EQ(std::ranges::count(replies, 200, &Reply::status), 1);
  EXPECT_EQ(std::ranges::count(replies, 400, &Reply::status), 1);
  EXPECT_EQ(bed.context()->figures->sessions_started.read(), 1U);
}
TEST_F(TokenEndpoint, CodeOfAnotherClient) {
  ClientDraft draft;
  draft.client_id = "other";
  draft.redirect_uris = {std::string(kRedirect)};
  draft.may_code = true;
  bed.add_client(std::move(draft));
  const std::string code = fresh_code();
  expect_error(post(code_body(code, "other")), 400, "invalid_grant");
  EXPECT_EQ(post(code_body(code)).status, 200);  // the owner's is not spent by that
}
TEST_F(TokenEndpoint, RedirectUriMissingOrDifferent) {
  const std::string code = fresh_code();
  const std::string verifier = "&code_verifier=" + std::string(kVerifier);
  const std::string start = "grant_type=authorization_code&client_id=app&code=" + code;
  expect_error(post(start + verifier), 400, "invalid_request");
  expect_error(post(start + "&redirect_uri=" + escaped("https://app.example/cb/") + verifier), 400, "invalid_grant");
}
TEST_F(TokenEndpoint, CodeVerifierMissingMalformedOrWrong) {
  const std::string code = fresh_code();
  const std::string start =
      "grant_type=authorization_code&client_id=app&code=" + code + "&redirect_uri=" + escaped(kRedirect);
  expect_error(post(start), 400, "invalid_request");
  expect_error(post(start + "&code_verifier=short"), 400, "invalid_grant");
  expect_error(post(start + "&code_verifier=" + std::string(129, 'a')), 400, "invalid_grant");
  expect_error(post(start + "&code_verifier=" + std::string(43, '!')), 400, "invalid_grant");
  expect_error(post(start + "&code_verifier=" + std::string(43, 'a')), 400, "invalid_grant");
  EXPECT_EQ(post(code_body(code)).status, 200);
}
TEST_F(TokenEndpoint, CodeOfAUserDisabledOrRemovedMeanwhile) {
  const std::string code = fresh_code();
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  expect_error(post(code_body(code)), 400, "invalid_grant");
  ASSERT_TRUE(bed.wait(enable_user(bed.context(), "alpha", ann.sub)));
  expect_error(post(code_body(code)), 400, "invalid_grant");  // codes from before are void
  bed.clock().advance(2s);
  const std::string later = fresh_code();
  ASSERT_TRUE(bed.wait(remove_user(bed.context(), "alpha", ann.sub)));
  expect_error(post(code_body(later)), 400, "invalid_grant");
}
TEST_F(TokenEndpoint, TokenOfAnotherTenantsEndpoint) {
  const std::string code = fresh_code();
  Sent sent = post_form("/idms/v1/bravo/token", code_body(code));
  EXPECT_EQ(bed.send(sent).status, 404);
}
TEST_F(TokenEndpoint, ARedemptionThatWasDroppedIsCommittedOrNot) {
  for (int turns = 1; turns < 8; ++turns) {
    const std::string code = fresh_code();
    bed.store().set_reads(turns % 2 == 0 ? storage::memory::Reads::Suspend : storage::memory::Reads::Inline);
    bed.send_and_drop(post_form(std::string(kToken), code_body(code)), turns);
    bed.store().set_reads(storage::memory::Reads::Inline);
    const Reply again = post(code_body(code));
    EXPECT_TRUE(again.status == 200 || again.member("error") == "invalid_grant") << again.body;
  }
}
TEST_F(TokenEndpoint, RedemptionRunsAgainAfterConflict) {
  const std::string code = fresh_code();
  bed.store().fail_commits(2, Code::Conflict);
  EXPECT_EQ(post(code_body(code)).status, 200);
  const std::string other = fresh_code();
  bed.store().fail_commits(3, Code::Conflict);
  const Reply busy = post(code_body(other));
  expect_error(busy, 503, "temporarily_unavailable");
  EXPECT_EQ(busy.header("retry-after"), "1");
  EXPECT_EQ(post(code_body(other)).status, 200);
}

// Refresh.

TEST_F(TokenEndpoint, RefreshRotates) {
  const Reply first = bed.sign_in_for_tokens("app", "openid 3gpp:mc:ptt_service");
  const Reply second = post(refresh_body(first.member("refresh_token")));
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_NE(second.member("refresh_token"), first.member("refresh_token"));
  EXPECT_EQ(second.member("scope"), "openid 3gpp:mc:ptt_service");
  EXPECT_EQ(second.member("id_token"), "");
  const std::string claims = claims_of(second.member("access_token"));
  EXPECT_EQ(member_of(claims, "sid"), member_of(claims_of(first.member("access_token")), "sid"));
  EXPECT_EQ(member_of(claims, "mcptt_id"), ann.mcptt_id);
  EXPECT_EQ(post(refresh_body(second.member("refresh_token"))).status, 200);
}

TEST_F(TokenEndpoint, ALostAnswerMayBeAskedForOnceMore) {  // spec 1.8 row 5
  const Reply first = bed.sign_in_for_tokens("app");
  const Reply second = post(refresh_body(first.member("refresh_token")));
  bed.clock().advance(10s);
  const Reply retried = post(refresh_body(first.member("refresh_token")));
  ASSERT_EQ(retried.status, 200);
  EXPECT_EQ(retried.member("refresh_token"), second.member("refresh_token"));
  // The second time it is reuse.
  expect_error(post(refresh_body(first.member("refresh_token"))), 400, "invalid_grant");
  expect_error(post(refresh_body(second.member("refresh_token"))), 400, "invalid_grant");
  EXPECT_FALSE(is_accepted(retried.member("access_token")));
  EXPECT_EQ(bed.context()->figures->refresh_reuses.read(), 1U);
}

TEST_F(TokenEndpoint, AnOldTokenAfterTheGraceEndsTheFamily) {
  const Reply first = bed.sign_in_for_tokens("app");
  const Reply second = post(refresh_body(first.member("refresh_token")));
  bed.clock().advance(10s + 1ms);
  expect_error(post(refresh_body(first.member("refresh_token"))), 400, "invalid_grant");
  EXPECT_FALSE(is_accepted(second.member("access_token")));
  expect_error(post(refresh_body(second.member("refresh_token"))), 400, "invalid_grant");
}

TEST_F(TokenEndpoint, OfTwoRefreshesAtOnceBothGetTheSameSuccessor) {
  const Reply first = bed.sign_in_for_tokens("app");
  const Sent sent = post_form(std::string(kToken), refresh_body(first.member("refresh_token")));
  const auto replies = bed.send_together({sent, sent});
  EXPECT_EQ(replies[0].status, 200);
  EXPECT_EQ(replies[1].status, 200);
  EXPECT_EQ(replies[0].member("refresh_token"), replies[1].member("refresh_token"));
  EXPECT_EQ(post(refresh_body(replies[0].member("refresh_token"))).status, 200);
}

TEST_F(TokenEndpoint, RefreshTokenMissingMalformedOrForged) {
  expect_error(post("grant_type=refresh_token&client_id=app"), 400, "invalid_request");
  expect_error(post(refresh_body("x")), 400, "invalid_grant");
  std::string token = bed.sign_in_for_tokens("app").member("refresh_token");
  std::string forged = token;
  forged.back() = forged.back() == 'A' ? 'Q' : 'A';
  expect_error(post(refresh_body(forged)), 400, "invalid_grant");
  forged = token;
  forged[25] = forged[25] == 'A' ? 'B' : 'A';  // the generation
  expect_error(post(refresh_body(forged)), 400, "invalid_grant");
  EXPECT_EQ(post(refresh_body(token)).status, 200);  // forgeries are no reuse
}

TEST_F(TokenEndpoint, RefreshTokenOfAnotherClient) {
  ClientDraft draft;
  draft.client_id = "other";
  draft.redirect_uris = {std::string(kRedirect)};
  draft.may_code = true;
  bed.add_client(std::move(draft));
  const std::string token = bed.sign_in_for_tokens("app").member("refresh_token");
  expect_error(post("grant_type=refresh_token&client_id=other&refresh_token=" + token), 400, "invalid_grant");
  EXPECT_EQ(post(refresh_body(token)).status, 200);
}

TEST_F(TokenEndpoint, RefreshAfterTheUserWasDisabledRemovedOrSignedOff) {
  std::string token = bed.sign_in_for_tokens("app").member("refresh_token");
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  expect_error(post(refresh_body(token)), 400, "invalid_grant");
  ASSERT_TRUE(bed.wait(enable_user(bed.context(), "alpha", ann.sub)));
  expect_error(post(refresh_body(token)), 400, "invalid_grant");
  bed.clock().advance(2s);
  const Reply tokens = bed.sign_in_for_tokens("app");
  ASSERT_TRUE(bed.wait(end_sessions_of_user(bed.context(), "alpha", ann.sub)));
  expect_error(post(refresh_body(tokens.member("refresh_token"))), 400, "invalid_grant");
  EXPECT_FALSE(is_accepted(tokens.member("access_token")));
  bed.clock().advance(2s);
  token = bed.sign_in_for_tokens("app").member("refresh_token");
  ASSERT_TRUE(bed.wait(remove_user(bed.context(), "alpha", ann.sub)));
  expect_error(post(refresh_body(token)), 400, "invalid_grant");
}

TEST_F(TokenEndpoint, RefreshAfterIdleOrAbsoluteEnd) {
  std::string token = bed.sign_in_for_tokens("app").member("refresh_token");
  bed.clock().advance(12h - 1s);
  Reply reply = post(refresh_body(token));
  ASSERT_EQ(reply.status, 200);
  bed.clock().advance(12h);
  expect_error(post(refresh_body(reply.member("refresh_token"))), 400, "invalid_grant");

  token = bed.sign_in_for_tokens("app").member("refresh_token");
  for (int hours = 0; hours < 30 * 24 - 11; hours += 11) {
    bed.clock().advance(11h);
    reply = post(refresh_body(token));
    ASSERT_EQ(reply.status, 200);
    token = reply.member("refresh_token");
  }
  bed.clock().advance(11h);
  expect_error(post(refresh_body(token)), 400, "invalid_grant");
}

TEST_F(TokenEndpoint, RefreshScopeNarrowerWiderMalformed) {
  const Reply first = bed.sign_in_for_tokens("app", "openid profile 3gpp:mc:ptt_service");
  const Reply narrow = post(refresh_body(first.member("refresh_token"), "&scope=openid"));
  ASSERT_EQ(narrow.status, 200);
  EXPECT_EQ(narrow.member("scope"), "openid");
  EXPECT_EQ(member_of(claims_of(narrow.member("access_token")), "mcptt_id"), "");
  // The grant itself stays as wide as it was.
  const Reply wide = post(refresh_body(narrow.member("refresh_token")));
  EXPECT_EQ(wide.member("scope"), "openid profile 3gpp:mc:ptt_service");
  const std::string token = wide.member("refresh_token");
  expect_error(post(refresh_body(token, "&scope=openid+3gpp%3Amc%3Adata_service")), 400, "invalid_scope");
  expect_error(post(refresh_body(token, "&scope=openid++x")), 400, "invalid_scope");
  EXPECT_EQ(post(refresh_body(token)).status, 200);  // a refusal does not rotate
}

TEST_F(TokenEndpoint, WhatTheUserOrTheClientHasLostIsNotInTheNextToken) {
  const Reply first = bed.sign_in_for_tokens("app", "openid profile 3gpp:mc:ptt_service");
  UserChange change;
  change.mcptt_id = "";
  ASSERT_TRUE(bed.wait(change_user(bed.context(), "alpha", ann.sub, change)));
  const Reply second = post(refresh_body(first.member("refresh_token")));
  EXPECT_EQ(second.member("scope"), "openid profile");
  ClientChange client_change;
  client_change.scopes = {"openid"};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", client_change)));
  EXPECT_EQ(post(refresh_body(second.member("refresh_token"))).member("scope"), "openid");
}

TEST_F(TokenEndpoint, ABoundSessionWantsItsCertificate) {  // RFC 8705 clause 4
  ClientChange change;
  change.is_certificate_bound = true;
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", change)));
  const std::string code = fresh_code();
  expect_error(post(code_body(code)), 401, "invalid_client");
  bed.peer().certificate_digest.emplace().fill(std::byte{7});
  const Reply bound = post(code_body(code));
  ASSERT_EQ(bound.status, 200) << bound.body;
  EXPECT_EQ(member_of(claims_of(bound.member("access_token")), "cnf"), "?");
  bed.peer().certificate_digest->fill(std::byte{8});
  expect_error(post(refresh_body(bound.member("refresh_token"))), 400, "invalid_grant");
  bed.peer().certificate_digest->fill(std::byte{7});
  EXPECT_EQ(post(refresh_body(bound.member("refresh_token"))).status, 200);
}

TEST_F(TokenEndpoint, ARefreshNotCommittedLeavesTheOldTokenGood) {
  const std::string token = bed.sign_in_for_tokens("app").member("refresh_token");
  bed.store().set_full(true);
  expect_error(post(refresh_body(token)), 503, "temporarily_unavailable");
  bed.store().set_full(false);
  EXPECT_EQ(post(refresh_body(token)).status, 200);
}

TEST_F(TokenEndpoint, RefreshRunsAgainAfterConflict) {
  const std::string token = bed.sign_in_for_tokens("app").member("refresh_token");
  bed.store().fail_commits(2, Code::Conflict);
  const Reply reply = post(refresh_body(token));
  EXPECT_EQ(reply.status, 200);
  bed.store().fail_commits(3, Code::Conflict);
  expect_error(post(refresh_body(reply.member("refresh_token"))), 503, "temporarily_unavailable");
  EXPECT_EQ(post(refresh_body(reply.member("refresh_token"))).status, 200);
}

TEST_F(TokenEndpoint, ARefreshThatWasDroppedCanBeRetried) {
  std::string token = bed.sign_in_for_tokens("app").member("refresh_token");
  for (int turns = 1; turns < 8; ++turns) {
    bed.store().set_reads(turns % 2 == 0 ? storage::memory::Reads::Suspend : storage::memory::Reads::Inline);
    bed.send_and_drop(post_form(std::string(kToken), refresh_body(token)), turns);
    bed.store().set_reads(storage::memory::Reads::Inline);
    const Reply reply = post(refresh_body(token));
    ASSERT_EQ(reply.status, 200);  // rotated or not: within the grace it is the same successor
    token = reply.member("refresh_token");
  }
}

// Client credentials.

TEST_F(TokenEndpoint, ClientCredentials) {
  const CreatedClient server = add_server();
  const Sent sent = with_basic(post_form(std::string(kToken), "grant_type=client_credentials"), "server",
                               as_text(server.secret.reveal()));
  EXPECT_FALSE(bed.send_inline(sent).has_value());  // not seen yet
  const Reply reply = bed.send(sent);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.member("scope"), "3gpp:mc:ptt_service");
  EXPECT_EQ(reply.member("refresh_token"), "");
  EXPECT_EQ(reply.member("id_token"), "");
  const std::string claims = claims_of(reply.member("access_token"));
  EXPECT_EQ(member_of(claims, "sub"), "server");
  EXPECT_EQ(member_of(claims, "client_id"), "server");
  EXPECT_EQ(member_of(claims, "aud"), std::string(kIssuer) + "/servers/mcptt");
  EXPECT_EQ(member_of(claims, "sid"), "");
  EXPECT_TRUE(is_accepted(reply.member("access_token")));

  const std::uint64_t reads = bed.store().figures().reads_inline;
  const auto seen = bed.send_inline(sent);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->status, 200);
  EXPECT_EQ(bed.store().figures().reads_inline, reads);
  EXPECT_EQ(bed.context()->figures->of(broker::Grant::ClientCredentials).issued.read(), 2U);
}

TEST_F(TokenEndpoint, ClientCredentialsInlineStepsAsideForAnythingOdd) {
  const CreatedClient server = add_server();
  const auto sent = [&](std::string body) {
    return with_basic(post_form(std::string(kToken), std::move(body)), "server", as_text(server.secret.reveal()));
  };
  ASSERT_EQ(bed.send(sent("grant_type=client_credentials")).status, 200);
  for (const char* odd : {"", "grant_type=refresh_token", "grant_type=client_credentials&client_secret=x",
                          "grant_type=client_credentials&client_id=app", "grant_type=client_credentials&scope=openid",
                          "grant_type=client_credentials&resource=https%3A%2F%2Felsewhere.example",
                          "grant_type=client_credentials&grant_type=client_credentials", "%zz"}) {
    EXPECT_FALSE(bed.send_inline(sent(odd)).has_value()) << odd;
  }
  EXPECT_TRUE(bed.send_inline(sent("grant_type=client_credentials&client_id=server")).has_value());
  // A change of the client is known at once.
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "server", false)));
  EXPECT_FALSE(bed.send_inline(sent("grant_type=client_credentials")).has_value());
  expect_error(bed.send(sent("grant_type=client_credentials")), 401, "invalid_client");
}

// iat has whole seconds, and all of this happens within one.
TEST_F(TokenEndpoint, AClientThatWasRemovedAndMadeAgainGetsTokensThatLive) {
  const auto token_of = [&](const CreatedClient& server) {
    const Sent sent = with_basic(post_form(std::string(kToken), "grant_type=client_credentials"), "server",
                                 as_text(server.secret.reveal()));
    return bed.send(sent).member("access_token");
  };
  const std::string former = token_of(add_server());
  EXPECT_TRUE(is_accepted(former));
  ASSERT_TRUE(bed.wait(remove_client(bed.context(), "alpha", "server")));
  const std::string present = token_of(add_server());
  EXPECT_TRUE(is_accepted(present));
  EXPECT_FALSE(is_accepted(former));
}

TEST_F(TokenEndpoint, ClientCredentialsScopeAndResource) {
  const CreatedClient server = add_server({"3gpp:mc:ptt_service", "3gpp:mc:data_service"});
  const auto ask = [&](const std::string& extra) {
    return bed.send(with_basic(post_form(std::string(kToken), "grant_type=client_credentials" + extra), "server",
                               as_text(server.secret.reveal())));
  };
  EXPECT_EQ(ask("&scope=" + escaped("3gpp:mc:data_service email")).member("scope"), "3gpp:mc:data_service");
  expect_error(ask("&scope=email"), 400, "invalid_scope");
  expect_error(ask("&scope=a%22b"), 400, "invalid_scope");
  const std::string data = std::string(kIssuer) + "/servers/mcdata";
  const Reply one = ask("&resource=" + escaped(data));
  EXPECT_EQ(member_of(claims_of(one.member("access_token")), "aud"), data);
  expect_error(ask("&resource=" + escaped("https://elsewhere.example")), 400, "invalid_target");
}

// Who is disabled, or removed, leaves no code behind for whom is enabled or registered next.
TEST_F(TokenEndpoint, ACodeEndsWithItsClient) {
  std::string code = fresh_code();
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "app", false)));
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "app", true)));
  expect_error(post(code_body(code)), 400, "invalid_grant");
  bed.clock().advance(2s);  // a sign-in would wait for the next second
  code = fresh_code();
  ASSERT_TRUE(bed.wait(remove_client(bed.context(), "alpha", "app")));
  bed.add_public_client();
  expect_error(post(code_body(code)), 400, "invalid_grant");
  bed.clock().advance(2s);
  EXPECT_EQ(post(code_body(fresh_code())).status, 200);
}
TEST_F(TokenEndpoint, ACodeForAPlaceThatTheClientNoLongerHas) {
  const std::string code = fresh_code();
  ClientChange moved;
  moved.redirect_uris = {"https://elsewhere.example/cb"};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", moved)));
  expect_error(post(code_body(code)), 400, "invalid_grant");
}

// Requests as such.

TEST_F(TokenEndpoint, OtherMethodContentTypeQuery) {
  EXPECT_EQ(bed.send(get(std::string(kToken))).status, 405);
  Sent sent = post_form(std::string(kToken), "grant_type=client_credentials");
  sent.fields[0].second = "application/json";
  expect_error(bed.send(sent), 400, "invalid_request");
  sent.fields.clear();
  expect_error(bed.send(sent), 400, "invalid_request");
  sent = post_form(std::string(kToken) + "?client_id=app", "grant_type=client_credentials");
  expect_error(bed.send(sent), 400, "invalid_request");
  sent = post_form(std::string(kToken), code_body(fresh_code()));
  sent.fields[0].second = "Application/X-WWW-Form-Urlencoded; charset=UTF-8";
  EXPECT_EQ(bed.send(sent).status, 200);
}
TEST_F(TokenEndpoint, FormThatCannotBeRead) {
  for (const char* bad : {"grant_type=%ff", "grant_type=%0", "grant_type=a%00b", "grant_type=a&grant_type=a", "=x"}) {
    expect_error(post(bad), 400, "invalid_request");
  }
}
TEST_F(TokenEndpoint, GrantTypeMissingUnknownOrNotAllowed) {
  expect_error(post("client_id=app"), 400, "invalid_request");
  expect_error(post("client_id=app&grant_type="), 400, "invalid_request");
  expect_error(post("client_id=app&grant_type=password"), 400, "unsupported_grant_type");
  expect_error(post("client_id=app&grant_type=client_credentials"), 400, "unauthorized_client");
}
TEST_F(TokenEndpoint, ResourceUnknownSpendsNothing) {
  const std::string code = fresh_code();
  expect_error(post(code_body(code) + "&resource=" + escaped("https://elsewhere.example")), 400, "invalid_target");
  EXPECT_EQ(post(code_body(code)).status, 200);
}
// A resource of the tenant's that the granted scopes do not open.
TEST_F(TokenEndpoint, ResourceBeyondTheScopesSpendsNothing) {
  const std::string beyond = "&resource=" + escaped(std::string(kIssuer) + "/servers/mcvideo");
  const std::string code = fresh_code();
  expect_error(post(code_body(code) + beyond), 400, "invalid_target");
  const Reply tokens = post(code_body(code));
  ASSERT_EQ(tokens.status, 200);
  expect_error(post(refresh_body(tokens.member("refresh_token"), beyond)), 400, "invalid_target");
  expect_error(post(refresh_body(tokens.member("refresh_token"), beyond)), 400, "invalid_target");
  EXPECT_EQ(post(refresh_body(tokens.member("refresh_token"))).status, 200);
}
TEST_F(TokenEndpoint, AScopeThatTheClientLostTakesItsIdentityAlong) {
  const Reply first = bed.sign_in_for_tokens("app", "openid 3gpp:mc:ptt_service");
  EXPECT_NE(member_of(claims_of(first.member("access_token")), "mcptt_id"), "");
  ClientChange change;
  change.scopes = {"openid"};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", change)));
  const Reply second = post(refresh_body(first.member("refresh_token")));
  EXPECT_EQ(second.member("scope"), "openid");
  EXPECT_EQ(member_of(claims_of(second.member("access_token")), "mcptt_id"), "");
}
TEST_F(TokenEndpoint, AClockThatWentBackSpendsNothing) {
  const std::string code = fresh_code();
  bed.clock().set_can_issue(false);
  expect_error(post(code_body(code)), 503, "temporarily_unavailable");
  bed.clock().set_can_issue(true);
  const Reply tokens = post(code_body(code));
  ASSERT_EQ(tokens.status, 200);
  bed.clock().set_can_issue(false);
  expect_error(post(refresh_body(tokens.member("refresh_token"))), 503, "temporarily_unavailable");
  bed.clock().set_can_issue(true);
  EXPECT_EQ(post(refresh_body(tokens.member("refresh_token"))).status, 200);
}
TEST_F(TokenEndpoint, ACorruptRecordIsAnErrorNotACrash) {
  const std::string token = bed.sign_in_for_tokens("app").member("refresh_token");
  bed.store().corrupt(broker::tables::kUsers, user_key("alpha", ann.sub));
  expect_error(post(refresh_body(token)), 500, "server_error");
}

}  // namespace
}  // namespace claviger::identity
