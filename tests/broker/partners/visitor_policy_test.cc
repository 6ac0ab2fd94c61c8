// What binds a sign-in here binds whoever comes from a partner: policy, consent; and he gets no more than he had at home,
// by whom and with what he had it.
#include "broker/partners/visitor_policy.h"

#include <gtest/gtest.h>

#include "broker/identity/authenticators/policy.h"
#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/authorization_request.h"
#include "broker/identity/client_procedures.h"
#include "broker/identity/consent.h"
#include "broker/tables.h"
#include "tests/broker/partners/partner_bed.h"

namespace claviger::partners {
namespace {

using identity::AuthenticationPolicy;
using identity::claims_of;
using identity::kAcrPassword;
using identity::kAcrPasswordOtp;
using identity::member_of;
using identity::Reply;
using identity::SecondFactor;

constexpr std::string_view kTheirOtp = "urn:bravo:otp";

struct VisitorPolicy : ::testing::Test {
  PartnerBed bed;
  OtherSystem bravo{"bravo"};

  void SetUp() override {
    ASSERT_TRUE(bed.add(bed.draft_of(bravo)).has_value());
    ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  }
  void change(void (*with)(PartnerDraft&)) {
    const PartnerRef known = bed.known(bed.partners, "bravo");
    PartnerDraft draft = draft_of(known->partner);
    with(draft);
    ASSERT_TRUE(bed.wait(change_partner(&bed.partners, "alpha", std::move(draft), known->partner.version)));
  }
  Reply visit(const ClaimTexts& with = {}, std::string_view scope = kScope) {
    ClaimTexts claims = bed.claims_from(bravo, "jti-" + std::to_string(++count_));
    for (const auto& [name, value] : with) claims[name] = value;
    return bed.redeem(bravo.sign(payload_of(claims)), scope);
  }
  Reply visit_with_acr(std::string_view acr) { return visit({{"acr", json_text(acr)}}); }
  void demand(identity::PolicyScope of, SecondFactor second_factor) {
    AuthenticationPolicy policy;
    policy.second_factor = second_factor;
    ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", std::move(of), std::move(policy))));
  }
  int count_ = 0;
};

TEST_F(VisitorPolicy, BelievesOnlyTheAcrsOfTheAgreement) {
  const auto acr_of = [&](const Reply& reply) { return member_of(claims_of(reply.member("access_token")), "acr"); };
  EXPECT_EQ(acr_of(visit_with_acr(kAcrPassword)), kAcrPassword);
  EXPECT_EQ(acr_of(visit()), "");
  for (const std::string_view acr : {kAcrPasswordOtp, kTheirOtp, std::string_view("x y")}) {
    EXPECT_EQ(acr_of(visit_with_acr(acr)), "") << acr;
  }
  change(
      [](PartnerDraft& draft) { draft.accepted_acrs = {std::string(kTheirOtp) + "=" + std::string(kAcrPasswordOtp)}; });
  EXPECT_EQ(acr_of(visit_with_acr(kTheirOtp)), kAcrPasswordOtp);
  EXPECT_EQ(acr_of(visit_with_acr(kAcrPasswordOtp)), "");
}

TEST_F(VisitorPolicy, ASecondFactorThatIsDemandedHereMustHaveBeenShownThere) {
  change(
      [](PartnerDraft& draft) { draft.accepted_acrs = {std::string(kTheirOtp) + "=" + std::string(kAcrPasswordOtp)}; });
  const std::vector<identity::PolicyScope> scopes{{}, {"app", {}}, {{}, bed.ann.sub}};
  for (const identity::PolicyScope& scope : scopes) {
    demand(scope, SecondFactor::Required);
    expect_error(visit_with_acr(kAcrPassword), 400, "unmet_authentication_requirements");
    expect_error(visit(), 400, "unmet_authentication_requirements");
    expect_error(visit_with_acr(kAcrPasswordOtp), 400, "unmet_authentication_requirements");  // not in the agreement
    EXPECT_EQ(visit_with_acr(kTheirOtp).status, 200);
    demand(scope, SecondFactor::Unsaid);
    EXPECT_EQ(visit_with_acr(kAcrPassword).status, 200);
  }
}

TEST_F(VisitorPolicy, AMethodThatIsNotAllowedHereIsNoneThere) {
  change([](PartnerDraft& draft) { draft.accepted_acrs = {std::string(kAcrPasswordOtp)}; });
  AuthenticationPolicy policy;
  policy.methods = {"password", "webauthn"};
  policy.second_factor = SecondFactor::Required;
  ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", {}, policy)));
  expect_error(visit_with_acr(kAcrPasswordOtp), 400, "unmet_authentication_requirements");
  policy.methods = {"password", "totp"};
  ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", {}, policy)));
  EXPECT_EQ(visit_with_acr(kAcrPasswordOtp).status, 200);
}

TEST(IsEnough, AsASignInHereWouldHaveToBe) {
  AuthenticationPolicy policy;
  const std::vector<identity::AuthenticatorRecord> nothing;
  std::vector<identity::AuthenticatorRecord> totp(1);
  totp[0].kind = "totp";
  EXPECT_TRUE(is_enough("", policy, nothing));
  EXPECT_TRUE(is_enough(kAcrPassword, policy, nothing));
  // Who has a second factor here shows one.
  EXPECT_FALSE(is_enough(kAcrPassword, policy, totp));
  EXPECT_TRUE(is_enough(kAcrPasswordOtp, policy, totp));
  policy.second_factor = SecondFactor::OnRequest;
  EXPECT_TRUE(is_enough(kAcrPassword, policy, totp));
  // A certificate takes the place of a password: it is no second factor.
  policy.second_factor = SecondFactor::Required;
  EXPECT_FALSE(is_enough(identity::kAcrCertificate, policy, nothing));
  policy.second_factor = SecondFactor::Unsaid;
  EXPECT_TRUE(is_enough(identity::kAcrCertificate, policy, nothing));
  policy.methods = {"none"};  // what two policies exclude from each other
  EXPECT_FALSE(is_enough("", policy, nothing));
  EXPECT_FALSE(is_enough(kAcrPassword, policy, nothing));
  EXPECT_FALSE(is_enough(identity::kAcrCertificate, policy, nothing));
}

TEST_F(VisitorPolicy, AClientThatAsksForConsentHasIt) {
  identity::ClientChange change;
  change.asks_consent = true;
  ASSERT_TRUE(bed.wait(identity::change_client(bed.context(), "alpha", "app", std::move(change))));
  expect_error(visit(), 400, "consent_required");
  identity::Consent consent;
  consent.client_id = "app";
  consent.scopes = {std::string(kScope)};
  consent.given_at = PartnerBed::kNow;
  storage::Transaction given;
  given.put(broker::tables::kConsents, identity::consent_key("alpha", bed.ann.sub, "app"),
            as_bytes(identity::encode_consent(consent)));
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(given))));
  EXPECT_EQ(visit().status, 200);
}

TEST_F(VisitorPolicy, HeGetsNoMoreThanHeHadAtHome) {
  constexpr std::string_view kBoth = "3gpp:mc:ptt_service 3gpp:mc:ptt_group_management_service";
  EXPECT_EQ(visit({}, kBoth).member("scope"), kBoth);  // a partner that does not say
  EXPECT_EQ(visit({{"x_scope", json_text("openid 3gpp:mc:ptt_service")}}, kBoth).member("scope"), kScope);
  expect_error(visit({{"x_scope", json_text("openid")}}), 400, "invalid_scope");
  expect_error(visit({{"x_scope", json_text("")}}), 400, "invalid_scope");
  expect_error(visit({{"x_scope", "7"}}), 400, "invalid_grant");
  expect_error(visit({{"x_scope", json_text("a  b")}}), 400, "invalid_grant");
}

TEST_F(VisitorPolicy, OnlyTheAgreementsClientsRedeem) {
  change([](PartnerDraft& draft) { draft.clients = {"another"}; });
  expect_error(visit(), 400, "invalid_grant");
  change([](PartnerDraft& draft) { draft.clients = {"another", "app"}; });
  const std::string token = visit().member("access_token");
  ASSERT_TRUE(bed.is_accepted(token));
  change([](PartnerDraft& draft) { draft.clients = {"another"}; });
  EXPECT_FALSE(bed.is_accepted(token));
}

std::string thumbprint(char of) {
  std::string text;
  codec::base64url_encode(as_bytes(std::string(32, of)), text);
  return text;
}

TEST_F(VisitorPolicy, WhoeverHoldsTheTokenMustProveIt) {
  const auto bound = [&](std::string_view member, char of) {
    return visit({{"cnf", "{\"" + std::string(member) + "\":" + json_text(thumbprint(of)) + "}"}});
  };
  expect_error(bound("x5t#S256", 7), 400, "invalid_grant");
  expect_error(bound("jkt", 7), 400, "invalid_grant");
  expect_error(visit({{"cnf", "{}"}}), 400, "invalid_grant");  // a method that nobody can prove
  bed.peer().certificate_digest.emplace().fill(std::byte{7});
  expect_error(bound("x5t#S256", 8), 400, "invalid_grant");
  expect_error(bound("jkt", 7), 400, "invalid_grant");
  const Reply reply = bound("x5t#S256", 7);
  ASSERT_EQ(reply.status, 200) << reply.body;
  // And what he gets here is bound, too, whatever the client's own record says.
  EXPECT_NE(claims_of(reply.member("access_token")).find("\"cnf\":{\"x5t#S256\":\"" + thumbprint(7)),
            std::string::npos);
}

TEST_F(VisitorPolicy, TheExchangeCarriesScopesAndHolder) {
  const auto exchanged = [&](std::string_view scope) {
    const std::string token = bed.sign_in_for_tokens("app", scope).member("access_token");
    return claims_of(bed.exchange(token, bravo.issuer).member("access_token"));
  };
  EXPECT_EQ(member_of(exchanged("openid 3gpp:mc:ptt_service"), "x_scope"), "openid 3gpp:mc:ptt_service");
  EXPECT_EQ(member_of(exchanged("openid"), "x_scope"), "openid");
  EXPECT_EQ(exchanged("openid").find("\"cnf\""), std::string::npos);
  identity::ClientChange change;
  change.is_certificate_bound = true;
  ASSERT_TRUE(bed.wait(identity::change_client(bed.context(), "alpha", "app", std::move(change))));
  bed.peer().certificate_digest.emplace().fill(std::byte{7});
  EXPECT_NE(exchanged("openid").find("\"cnf\":{\"x5t#S256\":\"" + thumbprint(7) + "\"}"), std::string::npos);
}

TEST(AcrMapping, IsOneOfOurs) {
  for (const std::string& good : {std::string(kAcrPassword), std::string(kAcrPasswordOtp),
                                  "urn:b:x=" + std::string(kAcrPasswordOtp), "a=b=" + std::string(kAcrPassword)}) {
    EXPECT_TRUE(is_acr_mapping(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("="), std::string(kTheirOtp), "=" + std::string(kAcrPassword),
        "a b=" + std::string(kAcrPassword), std::string(kAcrPassword) + "=",
        std::string(256, 'a') + "=" + std::string(kAcrPassword)}) {
    EXPECT_FALSE(is_acr_mapping(bad)) << bad;
  }
}

}  // namespace
}  // namespace claviger::partners
