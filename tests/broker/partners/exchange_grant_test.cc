// The primary side of spec 1.12 (steps 1 to 3) and the "exchange" rows of spec 4.3.
#include <gtest/gtest.h>

#include "broker/identity/abroad.h"
#include "tests/broker/partners/partner_bed.h"

namespace claviger::partners {
namespace {

using identity::claims_of;
using identity::member_of;
using identity::Reply;

struct ExchangeGrant : ::testing::Test {
  PartnerBed bed;
  OtherSystem bravo{"bravo"};

  void SetUp() override { ASSERT_TRUE(bed.add(bed.draft_of(bravo)).has_value()); }
  std::string access_token(std::string_view scope = "openid 3gpp:mc:ptt_service") {
    return bed.sign_in_for_tokens("app", scope).member("access_token");
  }
};

TEST_F(ExchangeGrant, GivesASecurityTokenForThePartner) {  // TS 33.180 B.7.3, B.8
  const Reply reply = bed.exchange(access_token(), bravo.issuer);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.member("issued_token_type"), "urn:ietf:params:oauth:token-type:jwt");
  EXPECT_EQ(reply.member("token_type"), "Bearer");
  EXPECT_EQ(reply.member("expires_in"), "600");
  EXPECT_EQ(reply.member("refresh_token"), "");
  EXPECT_EQ(reply.cache_control, "no-store");
  const std::string claims = claims_of(reply.member("access_token"));
  EXPECT_EQ(member_of(claims, "iss"), identity::kIssuer);
  EXPECT_EQ(member_of(claims, "sub"), bed.ann.sub);
  EXPECT_NE(claims.find("\"aud\":[\"app\",\"" + bravo.issuer + "\"]"), std::string::npos) << claims;
  EXPECT_EQ(member_of(claims, "exp"), std::to_string(PartnerBed::kNow + 600));
  EXPECT_EQ(member_of(claims, "mc_id"), bed.ann.mc_id);
  EXPECT_EQ(member_of(claims, "mcptt_id"), bed.ann.mcptt_id);
  EXPECT_EQ(member_of(claims, "jti").size(), 22U);
  EXPECT_EQ(member_of(claims, "sid").size(), 22U);
  EXPECT_EQ(member_of(claims, "scope"), "");
}

TEST_F(ExchangeGrant, NamesOnlyServicesThatTheAccessTokenIsFor) {
  const Reply reply = bed.exchange(access_token("openid"), bravo.issuer);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(member_of(claims_of(reply.member("access_token")), "mcptt_id"), "");
}

// RFC 8693 clauses 2.1 and 2.2.1.
TEST_F(ExchangeGrant, ScopeNarrowsTheSecurityToken) {
  const std::string good = access_token();
  const Reply whole = bed.exchange(good, bravo.issuer);
  EXPECT_EQ(whole.member("scope"), "");
  const Reply openid = bed.exchange(good, bravo.issuer, "&scope=openid%20nothing:known");
  ASSERT_EQ(openid.status, 200) << openid.body;
  EXPECT_EQ(openid.member("scope"), "openid");
  const std::string claims = claims_of(openid.member("access_token"));
  EXPECT_EQ(member_of(claims, "x_scope"), "openid");
  EXPECT_EQ(member_of(claims, "mcptt_id"), "");
  const Reply ptt = bed.exchange(good, bravo.issuer, "&scope=3gpp:mc:ptt_service");
  ASSERT_EQ(ptt.status, 200) << ptt.body;
  EXPECT_EQ(member_of(claims_of(ptt.member("access_token")), "x_scope"), "3gpp:mc:ptt_service");
  EXPECT_EQ(member_of(claims_of(ptt.member("access_token")), "mcptt_id"), bed.ann.mcptt_id);
  expect_error(bed.exchange(good, bravo.issuer, "&scope=nothing:known"), 400, "invalid_scope");
  expect_error(bed.exchange(good, bravo.issuer, "&scope=%22"), 400, "invalid_scope");
}

TEST_F(ExchangeGrant, TakesTheOtherNameOfTheSubjectTokensType) {
  const std::string body =
      "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=app&subject_token=" + access_token() +
      "&subject_token_type=urn:ietf:params:oauth:token-type:access_token&audience=" + identity::escaped(bravo.issuer);
  EXPECT_EQ(bed.token(body).status, 200);
}

// RFC 8693 clause 2.1 lets both come several times; a security token is for one partner.
TEST_F(ExchangeGrant, ATokenForSeveralPartnersIsNone) {
  const std::string good = access_token();
  const std::string other = "&resource=" + identity::escaped("https://charlie.example");
  expect_error(bed.exchange(good, bravo.issuer, other), 400, "invalid_target");
  expect_error(bed.exchange(good, bravo.issuer, "&audience=" + identity::escaped(bravo.issuer) + "&audience=x"), 400,
               "invalid_target");
  const std::string same = "&resource=" + identity::escaped(bravo.issuer) +
                           "&audience=" + identity::escaped(bravo.issuer) +
                           "&audience=" + identity::escaped(bravo.issuer);
  EXPECT_EQ(bed.exchange(good, bravo.issuer, same).status, 200);
}

TEST_F(ExchangeGrant, IgnoresWhatTs24547ListsByMistake) {  // spec 2.4
  const std::string extra = "&code=x&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier=x";
  EXPECT_EQ(bed.exchange(access_token(), bravo.issuer, extra).status, 200);
}

// Spec 4.3: `subject_token` or its type missing, type unsupported, token invalid, `actor_token_type` without `actor_token`.
TEST_F(ExchangeGrant, DefectsOfTheSubjectTokenAreInvalidRequest) {
  const std::string start = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=app&resource=" +
                            identity::escaped(bravo.issuer);
  const std::string good = access_token();
  const std::string jwt_type = "&subject_token_type=urn:ietf:params:oauth:token-type:jwt";
  for (const std::string& rest :
       {std::string(), jwt_type, "&subject_token=" + good,
        "&subject_token=" + good + "&subject_token_type=urn:ietf:params:oauth:token-type:saml2",
        "&subject_token=x" + jwt_type, "&subject_token=" + good + "x" + jwt_type,
        "&subject_token=" + good + jwt_type + "&actor_token_type=urn:ietf:params:oauth:token-type:jwt",
        "&subject_token=" + good + jwt_type + "&actor_token=" + good,
        "&subject_token=" + good + jwt_type + "&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token",
        "&subject_token=" + good + "&subject_token=" + good + jwt_type}) {
    expect_error(bed.token(start + rest), 400, "invalid_request");
  }
}

TEST_F(ExchangeGrant, ExpiredAndRevokedSubjectsAreInvalidRequest) {
  const std::string first = access_token();
  const std::string sid = member_of(claims_of(first), "sid");
  ASSERT_TRUE(bed.wait(identity::end_session(bed.context(), "alpha", sid, identity::SessionState::SignedOff)));
  expect_error(bed.exchange(first, bravo.issuer), 400, "invalid_request");
  const std::string second = access_token();
  bed.clock().advance(Seconds{331});
  expect_error(bed.exchange(second, bravo.issuer), 400, "invalid_request");
}

TEST_F(ExchangeGrant, AnIdTokenIsNoSubject) {  // attack list, row 21
  expect_error(bed.exchange(bed.sign_in_for_tokens("app").member("id_token"), bravo.issuer), 400, "invalid_request");
}

TEST_F(ExchangeGrant, AnotherClientsTokenIsNoSubject) {
  identity::ClientDraft draft;
  draft.client_id = "thief";
  draft.redirect_uris = {std::string(identity::kRedirect)};
  draft.may_code = draft.may_exchange = true;
  bed.add_client(std::move(draft));
  expect_error(bed.token("grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=thief&subject_token=" +
                         access_token() + "&subject_token_type=urn:ietf:params:oauth:token-type:jwt&resource=" +
                         identity::escaped(bravo.issuer)),
               400, "invalid_request");
}

TEST_F(ExchangeGrant, AForeignTokenIsNoSubject) {
  ClaimTexts claims = bed.claims_from(bravo);
  claims["client_id"] = json_text("app");
  claims["scope"] = json_text("openid");
  expect_error(bed.exchange(bravo.sign(payload_of(claims), "at+jwt"), bravo.issuer), 400, "invalid_request");
}

// Spec 4.3: `resource`/`audience` missing / unknown or forbidden.
TEST_F(ExchangeGrant, TheResourceMustBeAPartner) {
  const std::string good = access_token();
  expect_error(bed.token("grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=app&subject_token=" +
                         good + "&subject_token_type=urn:ietf:params:oauth:token-type:jwt"),
               400, "invalid_request");
  expect_error(bed.exchange(good, "https://idms.charlie.example"), 400, "invalid_target");
  expect_error(bed.exchange(good, bravo.issuer + "/"), 400, "invalid_target");
  expect_error(bed.exchange(good, identity::kIssuer), 400, "invalid_target");
  expect_error(bed.exchange(good, bravo.issuer, "&audience=https%3A%2F%2Fidms.charlie.example"), 400, "invalid_target");
  ASSERT_TRUE(bed.enable("bravo", false));
  expect_error(bed.exchange(good, bravo.issuer), 400, "invalid_target");
}

TEST_F(ExchangeGrant, TheAgreementSaysWhoMayGo) {
  OtherSystem charlie("charlie");
  PartnerDraft listed = bed.draft_of(charlie);
  listed.outbound = Outbound::Listed;
  ASSERT_TRUE(bed.add(std::move(listed)));
  OtherSystem delta("delta");
  PartnerDraft none = bed.draft_of(delta);
  none.outbound = Outbound::None;
  ASSERT_TRUE(bed.add(std::move(none)));
  const std::string good = access_token();
  expect_error(bed.exchange(good, delta.issuer), 400, "invalid_target");
  expect_error(bed.exchange(good, charlie.issuer), 400, "invalid_target");
  ASSERT_TRUE(bed.map_user("charlie", PartnerUserKind::Outbound, "", bed.ann));
  EXPECT_EQ(bed.exchange(good, charlie.issuer).status, 200);
  ASSERT_TRUE(bed.wait(
      remove_partner_user(&bed.partners, bed.context(), "alpha", "charlie", PartnerUserKind::Outbound, bed.ann.sub)));
  expect_error(bed.exchange(good, charlie.issuer), 400, "invalid_target");
  // Whom administration has set up there is on the list as well, as long as that stands.
  storage::Transaction change;
  identity::put_abroad(change, "alpha", identity::Abroad::Partner, "charlie",
                       {bed.ann.sub, "r1 charlie.example", 0, 0});
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(change))));
  EXPECT_EQ(bed.exchange(good, charlie.issuer).status, 200);
  expect_error(bed.exchange(good, delta.issuer), 400, "invalid_target");
  ASSERT_TRUE(bed.wait(identity::erase_abroad(bed.context(), "alpha", "r1 charlie.example")));
  expect_error(bed.exchange(good, charlie.issuer), 400, "invalid_target");
}

// alpha -> bravo -> alpha: whoever came from a partner does not go on with what he got.
TEST_F(ExchangeGrant, ASessionFromAPartnerIsNoSubject) {
  ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  const Reply visiting = bed.redeem(bravo.sign(payload_of(bed.claims_from(bravo))));
  ASSERT_EQ(visiting.status, 200) << visiting.body;
  expect_error(bed.exchange(visiting.member("access_token"), bravo.issuer), 400, "invalid_request");
}

TEST_F(ExchangeGrant, AClientNeedsTheGrant) {
  identity::ClientChange change;
  change.may_exchange = false;
  ASSERT_TRUE(bed.wait(identity::change_client(bed.context(), "alpha", "app", std::move(change))));
  expect_error(bed.exchange(access_token(), bravo.issuer), 400, "unauthorized_client");
}

TEST_F(ExchangeGrant, ASecurityTokenIsNoAccessToken) {  // attack list, row 21
  const std::string token = bed.exchange(access_token(), bravo.issuer).member("access_token");
  EXPECT_FALSE(bed.is_accepted(token));
  expect_error(bed.exchange(token, bravo.issuer), 400, "invalid_request");
}

TEST_F(ExchangeGrant, APartnerThatIsNotClavigerGetsAJwt) {
  OtherSystem charlie("charlie");
  PartnerDraft draft = bed.draft_of(charlie);
  draft.is_strict_type = false;
  ASSERT_TRUE(bed.add(std::move(draft)));
  const std::string token = bed.exchange(access_token(), charlie.issuer).member("access_token");
  const std::string header = token.substr(0, token.find('.'));
  std::string json(codec::base64url_decoded_size_max(header.size()), '\0');
  ASSERT_TRUE(codec::base64url_decode(header, std::as_writable_bytes(std::span(json))));
  EXPECT_EQ(member_of(json, "typ"), "JWT");
}

}  // namespace
}  // namespace claviger::partners
