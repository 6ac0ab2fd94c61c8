// The partner side of spec 1.12 (steps 4 to 7), the "jwt-bearer" rows of spec 4.3, and the attacks at the border.
#include <gtest/gtest.h>

#include "broker/identity/client_procedures.h"
#include "broker/identity/request_form.h"
#include "broker/partners/bearer_grant.h"
#include "tests/broker/partners/partner_bed.h"

namespace claviger::partners {
namespace {

using identity::claims_of;
using identity::member_of;
using identity::Reply;

struct BearerGrant : ::testing::Test {
  PartnerBed bed;
  OtherSystem bravo{"bravo"};

  void SetUp() override {
    ASSERT_TRUE(bed.add(bed.draft_of(bravo)).has_value());
    ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  }
  std::string good(std::string_view jti = "jti-1") { return bravo.sign(payload_of(bed.claims_from(bravo, jti))); }
  // The same with one claim changed; empty: left out.
  std::string with(const std::string& name, std::string value) {
    ClaimTexts claims = bed.claims_from(bravo, "jti-" + name + std::to_string(++count_));
    claims[name] = std::move(value);
    return bravo.sign(payload_of(claims));
  }
  Result<Unit> revoke_there(tokens::RevocationKind kind, std::string id, std::int64_t not_before = 0) {
    std::vector<tokens::Revocation> changes{{kind, bravo.issuer, std::move(id), not_before, PartnerBed::kNow + 3600}};
    return bed.wait(apply_partner_revocations(bed.context(), "alpha", "bravo", bravo.issuer, std::move(changes)));
  }
  int count_ = 0;
};

TEST_F(BearerGrant, GivesAnOrdinaryAccessTokenOfOurs) {  // TS 33.180 B.7.5, B.9; TS 23.280 10.6.3
  const Reply reply =
      bed.redeem(good(), "openid 3gpp:mc:ptt_service 3gpp:mc:video_service 3gpp:mc:ptt_key_management_service");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.member("token_type"), "Bearer");
  EXPECT_EQ(reply.member("scope"), kScope);  // what client, agreement and user have in common
  EXPECT_EQ(reply.member("refresh_token"), "");
  EXPECT_EQ(reply.member("id_token"), "");
  EXPECT_EQ(reply.member("expires_in"), "300");
  const std::string token = reply.member("access_token");
  EXPECT_TRUE(bed.is_accepted(token));
  const std::string claims = claims_of(token);
  EXPECT_EQ(member_of(claims, "iss"), identity::kIssuer);
  EXPECT_EQ(member_of(claims, "sub"), bed.ann.sub);
  EXPECT_EQ(member_of(claims, "mcptt_id"), bed.ann.mcptt_id);
  EXPECT_EQ(member_of(claims, "x_primary_mc_service_id"), "sip:bob.ptt@bravo.example");
  const auto session = bed.wait(identity::find_session(bed.context(), "alpha", member_of(claims, "sid")));
  ASSERT_TRUE(session.has_value());
  EXPECT_EQ(session->partner, "bravo");
  EXPECT_EQ(session->primary_issuer, bravo.issuer);
  EXPECT_EQ(session->primary_sub, "bob-sub");
}

TEST_F(BearerGrant, KnowsTheUserByHisMcId) {
  ASSERT_TRUE(bed.wait(
      remove_partner_user(&bed.partners, bed.context(), "alpha", "bravo", PartnerUserKind::PrimarySub, "bob-sub")));
  expect_error(bed.redeem(good("a")), 400, "invalid_grant");
  ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimaryMcId, "sip:bob@bravo.example", bed.ann));
  EXPECT_EQ(bed.redeem(good("b")).status, 200);
  // Equivalent writings of a URI are one identity (RFC 3261 clause 19.1.4); a user part in other case is another's.
  EXPECT_EQ(bed.redeem(with("mc_id", json_text("SIP:b%6Fb@BRAVO.example"))).status, 200);
  expect_error(bed.redeem(with("mc_id", json_text("sip:Bob@bravo.example"))), 400, "invalid_grant");
}

TEST_F(BearerGrant, TakesOurTokenEndpointAsAudience) {  // RFC 7523 clause 3
  EXPECT_EQ(bed.redeem(with("aud", json_text("https://idms.alpha.example/idms/v1/alpha/token"))).status, 200);
}

// Spec 4.3: `assertion` missing / `scope` missing / nothing grantable.
TEST_F(BearerGrant, ParametersAndScope) {
  const std::string start = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=app";
  expect_error(bed.token(start + "&scope=" + std::string(kScope)), 400, "invalid_request");
  expect_error(bed.token(start + "&assertion=" + good()), 400, "invalid_request");
  expect_error(bed.redeem(good(), "a  b"), 400, "invalid_scope");
  expect_error(bed.redeem(good(), "openid"), 400, "invalid_scope");
  expect_error(bed.redeem(good(), "3gpp:mc:video_service"), 400, "invalid_scope");
  expect_error(bed.redeem(good(), "3gpp:mc:ptt_service2"), 400, "invalid_scope");
  expect_error(bed.redeem(good(), "3gpp:mc:ptt_key_management_service"), 400, "invalid_scope");  // not in the agreement
  EXPECT_EQ(bed.redeem(good()).status, 200);  // none of these has used it up
}

// Spec 4.3: invalid, expired, replayed, wrong aud, unknown issuer or user.
TEST_F(BearerGrant, AnythingWrongWithTheAssertionIsInvalidGrant) {
  const std::string now = std::to_string(PartnerBed::kNow);
  for (const std::string& assertion : {std::string("x"),
                                       std::string("a.b"),
                                       std::string("a.b.c"),
                                       good() + "x",
                                       good() + ".x",
                                       with("iss", ""),
                                       with("iss", json_text("https://idms.charlie.example")),
                                       with("iss", json_text(bravo.issuer + "/")),
                                       with("iss", "7"),
                                       with("sub", ""),
                                       with("sub", json_text("nobody")),
                                       with("sub", "7"),
                                       with("sub", "\"a\\u0000b\""),
                                       with("sub", json_text(std::string(256, 's'))),
                                       with("aud", ""),
                                       with("aud", json_text("app")),
                                       with("aud", json_text("https://idms.alpha.example/idms/v1/alph")),
                                       with("aud", json_text(bravo.issuer)),
                                       with("aud", "[" + json_text(identity::kIssuer) + ",7]"),
                                       with("exp", ""),
                                       with("exp", std::to_string(PartnerBed::kNow - 31)),
                                       with("exp", std::to_string(PartnerBed::kNow + 631)),
                                       with("exp", json_text(now)),
                                       with("iat", ""),
                                       with("iat", std::to_string(PartnerBed::kNow + 31)),
                                       with("nbf", std::to_string(PartnerBed::kNow + 31)),
                                       with("jti", ""),
                                       with("jti", "\"a\\u0000b\""),
                                       with("jti", json_text(std::string(256, 'j'))),
                                       with("sid", "\"a\\u0000b\""),
                                       with("x_at_jti", "\"a\\u0000b\""),
                                       with("x_session_exp", now),
                                       with("x_session_exp", json_text("later")),
                                       with("mc_id", "7"),
                                       with("mcptt_id", json_text("sip:mcs.other.example x@alpha.example")),
                                       with("mcptt_id", json_text("sip:mcs.other.example\xc2\xa0x@alpha.example")),
                                       with("mcptt_id", json_text("sip:mcs.other.example\x7fx@alpha.example")),
                                       with("mcptt_id", json_text(std::string(513, 'm')))}) {
    expect_error(bed.redeem(assertion), 400, "invalid_grant");
  }
  EXPECT_EQ(bed.redeem(good()).status, 200);
}

TEST_F(BearerGrant, TypesAreNotConfused) {  // attack list, row 21
  const std::string payload = payload_of(bed.claims_from(bravo));
  for (const std::string_view typ : {"at+jwt", "JWT", "logout+jwt", "dpop+jwt", ""}) {
    expect_error(bed.redeem(bravo.sign(payload, typ)), 400, "invalid_grant");
  }
  EXPECT_EQ(bed.redeem(bravo.sign(payload, "application/mcx-st+jwt")).status, 200);
}

TEST_F(BearerGrant, APartnerThatIsNotClavigerSaysJwt) {
  OtherSystem charlie("charlie");
  PartnerDraft draft = bed.draft_of(charlie);
  draft.is_strict_type = false;
  ASSERT_TRUE(bed.add(std::move(draft)));
  ASSERT_TRUE(bed.map_user("charlie", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  EXPECT_EQ(bed.redeem(charlie.sign(payload_of(bed.claims_from(charlie, "a")), "JWT")).status, 200);
  EXPECT_EQ(bed.redeem(charlie.sign(payload_of(bed.claims_from(charlie, "b")), "")).status, 200);
  expect_error(bed.redeem(charlie.sign(payload_of(bed.claims_from(charlie, "c")), "at+jwt")), 400, "invalid_grant");
}

TEST_F(BearerGrant, IsTakenOnce) {  // attack list, row 29
  const std::string assertion = good();
  EXPECT_EQ(bed.redeem(assertion).status, 200);
  expect_error(bed.redeem(assertion), 400, "invalid_grant");
  // Another signature over the same jti is the same token (attack list, row 13).
  expect_error(bed.redeem(good()), 400, "invalid_grant");
  bed.clock().advance(Seconds{629});  // to the last second in which it would be good
  expect_error(bed.redeem(assertion), 400, "invalid_grant");
}

TEST_F(BearerGrant, OfTwoAtTheSameTimeOneWins) {
  const identity::Sent sent =
      identity::post_form("/idms/v1/alpha/token",
                          "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=app&assertion=" + good() +
                              "&scope=" + std::string(kScope));
  const std::vector<Reply> replies = bed.send_together({sent, sent, sent});
  int given = 0;
  for (const Reply& reply : replies) given += reply.status == 200 ? 1 : 0;
  EXPECT_EQ(given, 1);
}

TEST_F(BearerGrant, MixUpOfPartners) {
  OtherSystem charlie("charlie");
  ASSERT_TRUE(bed.add(bed.draft_of(charlie)));
  ASSERT_TRUE(bed.map_user("charlie", PartnerUserKind::PrimarySub, "carol-sub", bed.ann));
  // Charlie's key signs as Bravo, and Bravo's as Charlie.
  expect_error(bed.redeem(charlie.sign(payload_of(bed.claims_from(bravo)))), 400, "invalid_grant");
  expect_error(bed.redeem(charlie.sign(payload_of(bed.claims_from(bravo)), "mcx-st+jwt", bravo.key->kid())), 400,
               "invalid_grant");
  // Charlie signs for a user who is Bravo's: the mapping is per partner.
  expect_error(bed.redeem(charlie.sign(payload_of(bed.claims_from(charlie)))), 400, "invalid_grant");
  // A token for Charlie is shown to us.
  expect_error(bed.redeem(with("aud", "[" + json_text("app") + "," + json_text(charlie.issuer) + "]")), 400,
               "invalid_grant");
  // The same jti of two partners is two tokens.
  ASSERT_TRUE(bed.map_user("charlie", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  EXPECT_EQ(bed.redeem(good("same")).status, 200);
  EXPECT_EQ(bed.redeem(charlie.sign(payload_of(bed.claims_from(charlie, "same")))).status, 200);
}

TEST_F(BearerGrant, APartnerCannotSpeakForUs) {  // attack list, row 25
  expect_error(bed.redeem(with("iss", json_text(identity::kIssuer))), 400, "invalid_grant");
}

TEST_F(BearerGrant, APartnerCannotSignForUsersOfAnotherDomain) {
  OtherSystem charlie("charlie");
  PartnerDraft draft = bed.draft_of(charlie);
  draft.domains = {"charlie.example"};
  ASSERT_TRUE(bed.add(std::move(draft)));
  ASSERT_TRUE(bed.map_user("charlie", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  ClaimTexts claims = bed.claims_from(charlie, "a");
  claims["mc_id"] = json_text("sip:ann@alpha.example");
  expect_error(bed.redeem(charlie.sign(payload_of(claims))), 400, "invalid_grant");
  claims = bed.claims_from(charlie, "b");
  claims["mcptt_id"] = json_text("sip:bob.ptt@charlie.example.evil.example");
  expect_error(bed.redeem(charlie.sign(payload_of(claims))), 400, "invalid_grant");
  EXPECT_EQ(bed.redeem(charlie.sign(payload_of(bed.claims_from(charlie, "c")))).status, 200);
}

TEST_F(BearerGrant, OurOwnSecurityTokenComesBack) {  // alpha -> alpha
  const std::string own =
      bed.exchange(bed.sign_in_for_tokens("app").member("access_token"), bravo.issuer).member("access_token");
  expect_error(bed.redeem(own), 400, "invalid_grant");
}

TEST_F(BearerGrant, OnlyWithAnAgreement) {
  OtherSystem charlie("charlie");
  PartnerDraft draft = bed.draft_of(charlie);
  draft.scopes.clear();
  ASSERT_TRUE(bed.add(std::move(draft)));
  ASSERT_TRUE(bed.map_user("charlie", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  expect_error(bed.redeem(charlie.sign(payload_of(bed.claims_from(charlie)))), 400, "invalid_grant");
}

TEST_F(BearerGrant, AUserWhoIsDisabledHereGetsNothing) {
  ASSERT_TRUE(bed.wait(identity::disable_user(bed.context(), "alpha", bed.ann.sub)));
  expect_error(bed.redeem(good()), 400, "invalid_grant");
}

TEST_F(BearerGrant, AClientNeedsTheGrant) {
  identity::ClientChange change;
  change.may_assert = false;
  ASSERT_TRUE(bed.wait(identity::change_client(bed.context(), "alpha", "app", std::move(change))));
  expect_error(bed.redeem(good()), 400, "unauthorized_client");
}

// Between the client's authentication and the session its partner may be asked for new keys: seconds.
TEST_F(BearerGrant, AClientThatWasDisabledMeanwhileGetsNoSession) {
  auto client = bed.wait(bed.context()->identity->clients().find("alpha", "app"));
  ASSERT_TRUE(client.has_value());
  http::Request request = bed.request(identity::post_form(
      "/idms/v1/alpha/token", "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=app&assertion=" +
                                  good() + "&scope=" + std::string(kScope)));
  const auto form = identity::read_form_with_duplicates(request);
  ASSERT_TRUE(form.has_value());
  const identity::ExtensionCall call{bed.context(), "alpha", *client, &request, &*form, {}, {}};
  const identity::ExtensionCall* kept = &call;
  ASSERT_TRUE(bed.wait(identity::set_client_enabled(bed.context(), "alpha", "app", false)));
  EXPECT_TRUE(bed.wait(redeem_assertion(&bed.partners, kept)).failed_with(Code::ClientDisabled));
  // Changed otherwise, it is served as it stands; the assertion is not spent by what was refused.
  ASSERT_TRUE(bed.wait(identity::set_client_enabled(bed.context(), "alpha", "app", true)));
  EXPECT_TRUE(bed.wait(redeem_assertion(&bed.partners, kept)).has_value());
}

TEST_F(BearerGrant, LastsNoLongerThanTheSessionAtHome) {  // spec 1.12 step 6
  const Reply reply = bed.redeem(with("x_session_exp", std::to_string(PartnerBed::kNow + 100)));
  EXPECT_EQ(reply.member("expires_in"), "100") << reply.body;
}

TEST_F(BearerGrant, ARefreshTokenOnlyWhereTheAgreementSaysSo) {
  OtherSystem charlie("charlie");
  PartnerDraft draft = bed.draft_of(charlie);
  draft.gives_refresh_tokens = true;
  ASSERT_TRUE(bed.add(std::move(draft)));
  ASSERT_TRUE(bed.map_user("charlie", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  const Reply reply = bed.redeem(charlie.sign(payload_of(bed.claims_from(charlie))));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const std::string body = "grant_type=refresh_token&client_id=app&refresh_token=";
  const Reply refreshed = bed.token(body + reply.member("refresh_token"));
  ASSERT_EQ(refreshed.status, 200) << refreshed.body;
  EXPECT_EQ(member_of(claims_of(refreshed.member("access_token")), "x_primary_mc_service_id"),
            "sip:bob.ptt@charlie.example");
  ASSERT_TRUE(bed.enable("charlie", false));
  expect_error(bed.token(body + refreshed.member("refresh_token")), 400, "invalid_grant");
}

// Spec 1.12 step 7.
TEST_F(BearerGrant, DisablingAPartnerEndsWhatCameFromIt) {
  const std::string own = bed.sign_in_for_tokens("app").member("access_token");
  const std::string first = bed.redeem(good("a")).member("access_token");
  const std::string second = bed.redeem(good("b")).member("access_token");
  ASSERT_TRUE(bed.is_accepted(first) && bed.is_accepted(second));
  ASSERT_TRUE(bed.enable("bravo", false));
  EXPECT_FALSE(bed.is_accepted(first));
  EXPECT_FALSE(bed.is_accepted(second));
  EXPECT_TRUE(bed.is_accepted(own));
  expect_error(bed.redeem(good("c")), 400, "invalid_grant");
  ASSERT_TRUE(bed.enable("bravo", true));
  EXPECT_EQ(bed.redeem(good("c")).status, 200);
  expect_error(bed.redeem(good("a")), 400, "invalid_grant");  // what was used stays used
}

TEST_F(BearerGrant, TakingAUserOffTheListEndsHisSessions) {
  const identity::User ben = bed.add_user("ben");
  ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "ben-there", ben));
  const std::string ann = bed.redeem(good()).member("access_token");
  const std::string bens = bed.redeem(with("sub", json_text("ben-there"))).member("access_token");
  ASSERT_TRUE(bed.wait(
      remove_partner_user(&bed.partners, bed.context(), "alpha", "bravo", PartnerUserKind::PrimarySub, "ben-there")));
  EXPECT_FALSE(bed.is_accepted(bens));
  EXPECT_TRUE(bed.is_accepted(ann));
}

// Revocation in the home system reaches us.

TEST_F(BearerGrant, ASessionThatEndsAtHomeEndsHere) {
  const std::string token = bed.redeem(good()).member("access_token");
  const std::string other = bed.redeem(with("sid", json_text("another"))).member("access_token");
  ASSERT_TRUE(revoke_there(tokens::RevocationKind::Sid, "sid-there"));
  EXPECT_FALSE(bed.is_accepted(token));
  EXPECT_TRUE(bed.is_accepted(other));
}

TEST_F(BearerGrant, AUserWhoIsSignedOffAtHomeIsHere) {
  const std::string token = bed.redeem(good()).member("access_token");
  ASSERT_TRUE(revoke_there(tokens::RevocationKind::Subject, "bob-sub", PartnerBed::kNow));  // from before: not this one
  EXPECT_TRUE(bed.is_accepted(token));
  ASSERT_TRUE(revoke_there(tokens::RevocationKind::Subject, "bob-sub", PartnerBed::kNow + 1));
  EXPECT_FALSE(bed.is_accepted(token));
}

TEST_F(BearerGrant, ATokenThatIsRevokedAtHomeIsHere) {
  const std::string first = bed.redeem(good()).member("access_token");
  ASSERT_TRUE(revoke_there(tokens::RevocationKind::Jti, "jti-1"));
  EXPECT_FALSE(bed.is_accepted(first));
  const std::string second = bed.redeem(with("x_at_jti", json_text("at-there"))).member("access_token");
  ASSERT_TRUE(bed.is_accepted(second));
  ASSERT_TRUE(revoke_there(tokens::RevocationKind::Jti, "at-there"));
  EXPECT_FALSE(bed.is_accepted(second));
}

// The home system's emergency rotation: whatever the key signed is worth nothing here.
TEST_F(BearerGrant, AKeyThatIsRevokedAtHomeMakesNoSession) {
  const std::string token = bed.redeem(good()).member("access_token");
  ASSERT_TRUE(bed.is_accepted(token));
  ASSERT_TRUE(revoke_there(tokens::RevocationKind::Key, "another-key"));
  EXPECT_TRUE(bed.is_accepted(token));
  ASSERT_TRUE(revoke_there(tokens::RevocationKind::Key, bravo.key->kid()));
  EXPECT_FALSE(bed.is_accepted(token));
  expect_error(bed.redeem(good("jti-2")), 400, "invalid_grant");
}

// Signed before, shown after.
TEST_F(BearerGrant, WhatWasRevokedAtHomeMakesNoSessionAfterwards) {
  ASSERT_TRUE(revoke_there(tokens::RevocationKind::Sid, "sid-there"));
  expect_error(bed.redeem(good()), 400, "invalid_grant");
  EXPECT_EQ(bed.redeem(with("sid", json_text("another"))).status, 200);
  ASSERT_TRUE(revoke_there(tokens::RevocationKind::Subject, "bob-sub", PartnerBed::kNow + 1));
  expect_error(bed.redeem(with("sid", json_text("third"))), 400, "invalid_grant");
}

TEST_F(BearerGrant, APartnerRevokesOnlyItsOwn) {
  const std::string token = bed.redeem(good()).member("access_token");
  std::vector<tokens::Revocation> changes{
      {tokens::RevocationKind::Sid, "https://idms.charlie.example", "sid-there", 0, PartnerBed::kNow + 3600},
      {tokens::RevocationKind::Subject, std::string(identity::kIssuer), bed.ann.sub, PartnerBed::kNow + 1,
       PartnerBed::kNow + 3600},
      {tokens::RevocationKind::Sid, bravo.issuer, std::string("a\0b", 3), 0, PartnerBed::kNow + 3600}};
  ASSERT_TRUE(bed.wait(apply_partner_revocations(bed.context(), "alpha", "bravo", bravo.issuer, std::move(changes))));
  EXPECT_TRUE(bed.is_accepted(token));
}

// A server of ours that is shown a partner's token: TS 23.434 clause 12.3.3.3.
TEST_F(BearerGrant, APartnersTokenOpensNothingDirectly) {
  ClaimTexts claims = bed.claims_from(bravo);
  claims["aud"] = json_text(std::string(identity::kIssuer) + "/servers/default");
  claims["client_id"] = json_text("app");
  claims["scope"] = json_text(kScope);
  EXPECT_FALSE(bed.is_accepted(bravo.sign(payload_of(claims), "at+jwt")));
  EXPECT_FALSE(bed.is_accepted(good()));
}

TEST_F(BearerGrant, KeysThatWereFetchedTooLongAgoAreNotBelieved) {
  PartnerView view;
  view.partner.jwks_uri = "https://idms.bravo.example/jwks";
  view.partner.keys_kept = Seconds{3600};
  EXPECT_EQ(view.usable_keys(PartnerBed::kNow).error().code, Code::PartnerKeysMissing);
  view.keys = bed.known(bed.partners, "bravo")->keys;
  view.fetched_at = PartnerBed::kNow;
  EXPECT_TRUE(view.usable_keys(PartnerBed::kNow + 3599));
  EXPECT_EQ(view.usable_keys(PartnerBed::kNow + 3600).error().code, Code::PartnerKeysMissing);
  view.partner.jwks_uri.clear();  // installed by hand
  EXPECT_TRUE(view.usable_keys(PartnerBed::kNow + 3600));
}

}  // namespace
}  // namespace claviger::partners
