// VAL identities in tokens (spec 2.3, 2.4), and what ends when a VAL server takes them out (spec 2.6).
#include "broker/provisioning/removals.h"
#include "broker/provisioning/identity_rows.h"
#include "tests/broker/provisioning/testbed.h"

namespace claviger::provisioning {
namespace {

using http::Method;
using identity::claims_of;
using identity::member_of;
using identity::Reply;

std::string claims(const Reply& tokens, std::string_view which = "access_token") { return claims_of(tokens.member(which)); }

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(ValClaims, ATokenNamesUserAndServices) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x"});
  bed.create("v2x", {"ann@v2x", "bob@v2x"});
  bed.create("mcx", {"ann@v2x"});
  const Reply all = bed.val_tokens("openid");
  EXPECT_EQ(member_of(claims(all), "val_user_id"), "ann@v2x");
  EXPECT_TRUE(has(claims(all), R"("val_service_ids":["mcx","v2x"])"));
  EXPECT_TRUE(has(claims(all, "id_token"), R"("val_service_ids":["mcx","v2x"])"));
  const Reply one = bed.val_tokens("openid val:v2x");
  EXPECT_TRUE(has(claims(one), R"("val_service_ids":["v2x"])"));
  EXPECT_EQ(one.member("scope"), "openid val:v2x");
}

TEST(ValClaims, AServiceThatNobodyProvisionedIsNotGranted) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x"});
  bed.create("v2x", {"bob@v2x"});
  const Reply tokens = bed.val_tokens("openid val:v2x");
  EXPECT_EQ(tokens.member("scope"), "openid");
  EXPECT_FALSE(has(claims(tokens), "val_service_ids"));
}

TEST(ValClaims, OneTokenSpeaksOfOneOfSeveralProviders) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x", "ann@mcx"});
  bed.create("v2x", {"ann@v2x"});
  bed.create("mcx", {"ann@mcx"});
  EXPECT_EQ(member_of(claims(bed.val_tokens("openid val:mcx")), "val_user_id"), "ann@mcx");
  EXPECT_EQ(member_of(claims(bed.val_tokens("openid val:v2x")), "val_user_id"), "ann@v2x");
}

TEST(ValClaims, OtherClientsSeeNothingOfIt) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x"});
  bed.create("v2x", {"ann@v2x"});
  bed.add_public_client();
  EXPECT_FALSE(has(claims(bed.sign_in_for_tokens("app")), "val_"));
}

TEST(ValClaims, TheOperatorNamesThem) {
  ProvisioningBed bed;
  bed.settings().val_claims = {"urn:user", "urn:ue", "urn:services"};
  bed.publish();
  bed.add_val_user("ann", {"ann@v2x"});
  bed.create("v2x", {"ann@v2x"});
  const std::string named = claims(bed.val_tokens("openid"));
  EXPECT_TRUE(has(named, R"("urn:user":"ann@v2x","urn:services":["v2x"])"));
}

TEST(ValClaims, AValUserIdHasOneOwner) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x"});
  identity::UserDraft draft;
  draft.login = "eve";
  draft.val_user_ids = {"ann@v2x"};
  const auto taken = bed.wait(identity::create_user(bed.context(), "alpha", std::move(draft)));
  EXPECT_TRUE(taken.failed_with(Code::McIdentityTaken));
}

// TS 33.434 clause A.2.2.3.
TEST(ValClaims, SKeyProvIsForKeyManagementThatMayPush) {
  ProvisioningBed bed;
  identity::ClientDraft draft;
  draft.client_id = "kms-client";
  draft.authentication = identity::ClientAuthentication::SecretBasic;
  draft.may_client_credentials = true;
  draft.scopes = {"3gpp:seal:key_management", "3gpp:seal:group_management"};
  draft.may_push_keys = true;
  const auto created = bed.add_client(std::move(draft));
  const auto token = [&](std::string_view scope) {
    return claims(bed.send(identity::with_basic(
        identity::post_form("/idms/v1/alpha/token", "grant_type=client_credentials&scope=" + identity::escaped(scope)),
        "kms-client", as_text(created.secret.reveal()))));
  };
  EXPECT_TRUE(has(token("3gpp:seal:key_management"), R"("SKeyProv":true)"));
  EXPECT_FALSE(has(token("3gpp:seal:group_management"), "SKeyProv"));
}

struct SignedIn {
  std::string access_token, refresh_token;
};
SignedIn sign_in(ProvisioningBed& bed, std::string_view scope) {
  const Reply tokens = bed.val_tokens(scope);
  return {tokens.member("access_token"), tokens.member("refresh_token")};
}

TEST(Removals, EndTheSessionsOfThatServiceOnly) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x"});
  const std::string v2x = bed.create("v2x", {"ann@v2x", "bob"});
  bed.create("mcx", {"ann@v2x"});
  const SignedIn with_v2x = sign_in(bed, "openid val:v2x");
  const SignedIn with_mcx = sign_in(bed, "openid val:mcx");
  const SignedIn with_all = sign_in(bed, "openid");
  EXPECT_EQ(bed.ask(Method::Put, v2x, body_for("vs1", "v2x", {"bob"})).status, 200);
  EXPECT_FALSE(bed.is_good(with_v2x.access_token));
  EXPECT_EQ(bed.refresh(with_v2x.refresh_token).status, 400);
  EXPECT_TRUE(bed.is_good(with_mcx.access_token));
  EXPECT_EQ(bed.refresh(with_mcx.refresh_token).status, 200);
  // It was told of every service, so of this one, too.
  EXPECT_FALSE(bed.is_good(with_all.access_token));
}

TEST(Removals, DeletingTheConfigurationEndsThem) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x"});
  const std::string one = bed.create("v2x", {"ann@v2x"});
  const SignedIn before = sign_in(bed, "openid val:v2x");
  EXPECT_EQ(bed.ask(Method::Delete, one).status, 204);
  EXPECT_FALSE(bed.is_good(before.access_token));
}

TEST(Removals, AnIdentityThatStandsElsewhereKeepsItsSessions) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x"});
  const std::string one = bed.create("v2x", {"ann@v2x"});
  const std::string other = bed.create("v2x", {"ann@v2x"});
  const SignedIn before = sign_in(bed, "openid val:v2x");
  EXPECT_EQ(bed.ask(Method::Delete, one).status, 204);
  EXPECT_TRUE(bed.is_good(before.access_token));
  EXPECT_EQ(bed.ask(Method::Delete, other).status, 204);
  EXPECT_FALSE(bed.is_good(before.access_token));
}

// The commit is there, the process died before the sessions had ended.
TEST(Removals, WhatACrashLeftIsTakenUp) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x"});
  const SignedIn before = sign_in(bed, "openid");
  storage::Transaction crashed;
  const Gone gone{"vs1", {"user", "ann@v2x", "v2x"}};
  crashed.put(broker::tables::kValIdentities, gone_key("alpha", gone), {});
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(crashed))));
  EXPECT_TRUE(bed.is_good(before.access_token));
  ASSERT_TRUE(bed.wait(settle_all_removals(bed.context(), "alpha")));
  EXPECT_FALSE(bed.is_good(before.access_token));
  const auto row = bed.wait(bed.store().get(broker::tables::kValIdentities, gone_key("alpha", gone)));
  EXPECT_TRUE(row.failed_with(Code::NotFound));
}

// A row that nobody can read stays, and keeps nobody from the others.
TEST(Removals, ABadRowStopsNoOther) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {"ann@v2x"});
  const SignedIn before = sign_in(bed, "openid");
  storage::Transaction crashed;
  crashed.put(broker::tables::kValIdentities, gone_prefix("alpha") + "a", {});
  const Gone gone{"vs1", {"user", "ann@v2x", "v2x"}};
  crashed.put(broker::tables::kValIdentities, gone_key("alpha", gone), {});
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(crashed))));
  EXPECT_TRUE(bed.wait(settle_all_removals(bed.context(), "alpha")).failed_with(Code::Corrupt));
  EXPECT_FALSE(bed.is_good(before.access_token));
}

// The store fails between the change and the end of the sessions: whoever asks again is not told that it is done before
// it is.
TEST(Removals, ARepetitionEndsWhatTheFirstTimeLeft) {
  for (const Method method : {Method::Put, Method::Patch, Method::Delete}) {
    ProvisioningBed bed;
    bed.add_val_user("ann", {"ann@v2x"});
    const std::string one = bed.create("v2x", {"ann@v2x"});
    const SignedIn before = sign_in(bed, "openid val:v2x");
    const std::string body = method == Method::Delete ? "" : body_for("vs1", "v2x", {"bob"});
    bed.store().fail_commits(1, Code::Io, 1);
    EXPECT_EQ(bed.ask(method, one, body).status, 503);
    EXPECT_TRUE(bed.is_good(before.access_token));
    EXPECT_EQ(bed.ask(method, one, body).status, method == Method::Delete ? 404 : 200);
    EXPECT_FALSE(bed.is_good(before.access_token));
  }
}

TEST(Removals, OfAnIdentityThatNobodyHasDoNothing) {
  ProvisioningBed bed;
  const std::string one = bed.create("v2x", {"nobody@v2x"});
  EXPECT_EQ(bed.ask(Method::Delete, one).status, 204);
}

}  // namespace
}  // namespace claviger::provisioning
