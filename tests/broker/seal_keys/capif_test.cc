// Spec (keys) 9.2 to 9.4, and rows 36 to 38 of section 11.
#include "broker/seal_keys/capif.h"

#include "broker/seal_keys/capif_messages.h"
#include "broker/seal_keys/capif_token.h"
#include "broker/seal_keys/invoker.h"
#include "core/crypto/certificate.h"
#include "core/crypto/certificate_authority.h"
#include "tests/broker/identity/silent_server.h"
#include "tests/broker/seal_keys/testbed.h"

namespace claviger::seal_keys {
namespace {

using http::Method;
using identity::Reply;
using partners::ClaimTexts;

const std::string kV2x = std::string(kRecords) + "?val-service-id=v2x";
constexpr std::string_view kRevoke = "/idms/v1/alpha/aef-security/v1/revoke-authorization";
constexpr std::string_view kCheck = "/idms/v1/alpha/aef-security/v1/check-authentication";

runtime::Task<CapifRef> view_on_shard(const Capif* capif, std::string tenant) { co_return capif->view(tenant); }

class CapifTest : public ::testing::Test {
 protected:
  CapifTest() {
    bed.add_core();
    bed.create("v2x");
  }
  std::int64_t now() { return numeric_date(bed.shard().wall()); }
  Reply ask(const ClaimTexts& claims) { return bed.ask_as(bed.capif_bearer(claims), Method::Get, kV2x); }
  std::uint16_t status_with(const std::string& claim, std::string value) {
    ClaimTexts claims = bed.invoker_claims();
    claims[claim] = std::move(value);
    return ask(claims).status;
  }
  std::string core_bearer() {
    ClaimTexts claims = bed.invoker_claims();
    claims["client_id"] = "";
    claims["scope"] = "";
    return bed.capif_bearer(claims);
  }
  Reply revoke(std::string body) { return bed.ask_as(core_bearer(), Method::Post, kRevoke, std::move(body)); }

  SealBed bed;
};

const std::string kRevocation =
    R"({"revokeInfo":{"apiInvokerId":"inv-1","apiIds":["ss-kir"],"cause":"UNEXPECTED_REASON"},"supportedFeatures":"0"})";

const crypto::CertificateAuthority& authority_of_all() {
  static const auto kAuthority = *crypto::CertificateAuthority::make("CA", 1, 4'000'000'000);
  return kAuthority;
}

std::string certificate_of(std::string common_name, std::vector<std::string> uris = {},
                           const crypto::CertificateAuthority* authority = &authority_of_all()) {
  crypto::CertificateRequest request;
  request.common_name = std::move(common_name);
  request.uris = std::move(uris);
  request.use = crypto::CertificateUse::Client;
  request.not_before = 1;
  request.not_after = 4'000'000'000;
  const auto issued = authority->issue(request);
  EXPECT_TRUE(issued.has_value());
  return std::string(as_text(crypto::Certificate::from_pem(issued->certificate_pem)->front().der()));
}

TEST_F(CapifTest, AnInvokersTokenReadsWhatIsOpen) {
  const Reply reply = ask(bed.invoker_claims());
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.member("userUri"), std::string(identity::kIssuer).append("/api-invokers/inv-1"));
}

TEST_F(CapifTest, InvokerIsClientIdElseIss) {
  EXPECT_EQ(status_with("client_id", ""), 401);  // iss is the core function: client_id is mandatory
  ClaimTexts claims = bed.invoker_claims();
  claims["client_id"] = "";
  claims["iss"] = "\"inv-7\"";
  EXPECT_EQ(ask(claims).member("userUri"), std::string(identity::kIssuer).append("/api-invokers/inv-7"));
}

TEST_F(CapifTest, ExpIsADateWhateverTheTypeSays) {
  EXPECT_EQ(status_with("exp", "3600"), 401);
  EXPECT_EQ(status_with("exp", "999999999"), 401);
  EXPECT_EQ(status_with("exp", ""), 401);
  EXPECT_EQ(status_with("exp", "\"" + std::to_string(now() + 60) + "\""), 401);
  EXPECT_EQ(status_with("exp", std::to_string(now() - 29)), 200);  // leeway
  EXPECT_EQ(status_with("exp", std::to_string(now() - 30)), 401);
  EXPECT_EQ(status_with("iat", std::to_string(now() + 60)), 401);
  // A revocation of the next second must beat it.
  EXPECT_EQ(status_with("iat", std::to_string(now() + 2)), 401);
  EXPECT_EQ(status_with("iat", std::to_string(now() + 1)), 200);
}

TEST_F(CapifTest, Row36TheScopeNamesThisAefAndThisApi) {
  EXPECT_EQ(status_with("scope", "\"AEF-2:ss-kir\""), 403);
  EXPECT_EQ(status_with("scope", "\"AEF-1:other\""), 403);
  EXPECT_EQ(status_with("scope", "\"AEF-1\""), 403);
  EXPECT_EQ(status_with("scope", ""), 403);
  EXPECT_EQ(status_with("scope", "\"AEF-1:ss-kir2\""), 403);
  EXPECT_EQ(status_with("scope", "\"XAEF-1:ss-kir\""), 403);
  EXPECT_EQ(status_with("scope", "\"3gpp#AEF-2:a,b;AEF-1:other,ss-kir\""), 200);
  EXPECT_EQ(status_with("scope", "\"3gpp#AEF-1:ss-kir\""), 200);
  EXPECT_EQ(status_with("scope", "\"AEF-2 : x ; AEF-1 : other , ss-kir\""), 200);
  EXPECT_EQ(status_with("scope", "\"AEF-2:x 3gpp#AEF-1:ss-kir\""), 200);
}

TEST_F(CapifTest, ASignatureOfAnybodyElseIsWorthNothing) {
  const partners::OtherSystem other("other");
  EXPECT_EQ(
      bed.ask_as("Bearer " + other.sign(partners::payload_of(bed.invoker_claims()), "JWT"), Method::Get, kV2x).status,
      401);
  const std::string named = other.sign(partners::payload_of(bed.invoker_claims()), "JWT", bed.core.key->kid());
  EXPECT_EQ(bed.ask_as("Bearer " + named, Method::Get, kV2x).status, 401);
  EXPECT_EQ(
      bed.ask_as("Bearer " + bed.core.sign(partners::payload_of(bed.invoker_claims()), "logout+jwt"), Method::Get, kV2x)
          .status,
      401);
}

TEST_F(CapifTest, OnlyWhatIsOpenedOrGiven) {
  bed.create("mcx");
  const std::string mcx = std::string(kRecords) + "?val-service-id=mcx";
  const std::string token = bed.capif_bearer(bed.invoker_claims());
  EXPECT_EQ(bed.ask_as(token, Method::Get, mcx).status, 403);  // row 34
  ASSERT_TRUE(bed.wait(allow_invoker(bed.context(), "alpha", "inv-1", {"mcx"})).has_value());
  EXPECT_EQ(bed.ask_as(token, Method::Get, mcx).status, 200);
  EXPECT_TRUE(bed.wait(allow_invoker(bed.context(), "alpha", "inv-1", {"a b"})).failed_with(Code::BadValue));
  EXPECT_TRUE(bed.wait(allow_invoker(bed.context(), "alpha", "", {})).failed_with(Code::BadValue));
}

TEST_F(CapifTest, WithoutACoreFunctionItsTokensAreForeign) {
  ASSERT_TRUE(bed.wait(bed.capif.remove_core("alpha")).has_value());
  EXPECT_EQ(ask(bed.invoker_claims()).status, 401);
  EXPECT_TRUE(bed.wait(bed.capif.remove_core("alpha")).failed_with(Code::NotFound));
  EXPECT_EQ(revoke(kRevocation).status, 404);
}

TEST_F(CapifTest, ACertificateIsWantedWhereThePolicySaysSo) {
  CapifDraft draft = bed.core_draft();
  draft.open_services = {"v2x"};
  draft.requires_certificate = true;
  ASSERT_TRUE(bed.wait(bed.capif.set_core("alpha", std::move(draft))).has_value());
  EXPECT_EQ(ask(bed.invoker_claims()).status, 401);
}

TEST_F(CapifTest, RevocationBeatsTheToken) {
  const ClaimTexts before = bed.invoker_claims();
  EXPECT_EQ(ask(before).status, 200);
  const Reply revoked = revoke(kRevocation);
  EXPECT_EQ(revoked.status, 200) << revoked.body;
  EXPECT_EQ(revoked.member("supportedFeatures"), "0");
  const Reply refused = ask(before);
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(refused.header("www-authenticate").find("error=\"invalid_token\""), std::string::npos);
  EXPECT_EQ(status_with("iat", ""), 401);
  EXPECT_EQ(status_with("client_id", "\"inv-2\""), 200);  // others are not concerned
  EXPECT_EQ(ask(bed.invoker_claims()).status, 401) << "in the second of the revocation";
  bed.clock().advance(Seconds{1});
  bed.run_turns(1);                                  // the shard's time is that of its turn
  EXPECT_EQ(ask(bed.invoker_claims()).status, 200);  // authorised again by the core function
  EXPECT_EQ(ask(before).status, 401);
  EXPECT_EQ(status_with("iat", ""), 401);
  ASSERT_TRUE(bed.wait(allow_invoker(bed.context(), "alpha", "inv-1", {})).has_value());
  EXPECT_EQ(status_with("iat", ""), 200);
}

TEST_F(CapifTest, RevocationAndCoreFunctionSurviveARestart) {
  const ClaimTexts before = bed.invoker_claims();
  ASSERT_EQ(revoke(kRevocation).status, 200);
  Capif again(bed.context()->all);
  ASSERT_TRUE(bed.wait(again.start()).has_value());
  const CapifRef read = bed.wait(view_on_shard(&again, "alpha"));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->core.aef_id, "AEF-1");
  EXPECT_EQ(bed.wait(view_on_shard(&again, "bravo")), nullptr);
  const auto invoker = bed.wait(find_invoker(bed.context(), "alpha", "inv-1"));
  EXPECT_TRUE(is_revoked(*invoker, now()));
  again.stop();
}

TEST_F(CapifTest, Row38EmptyApiIdsAre400AndAnUnknownInvokerIsFine) {
  const Reply empty =
      revoke(R"({"revokeInfo":{"apiInvokerId":"inv-1","apiIds":[],"cause":"x"},"supportedFeatures":"0"})");
  EXPECT_EQ(empty.status, 400);
  EXPECT_NE(empty.body.find("/revokeInfo/apiIds"), std::string::npos);
  EXPECT_EQ(revoke(R"({"revokeInfo":{"apiInvokerId":"nobody","apiIds":["ss-kir"],"cause":"OVERLIMIT_USAGE"},)"
                   R"("supportedFeatures":"0"})")
                .status,
            200);
  EXPECT_EQ(revoke(kRevocation).status, 200);
  EXPECT_EQ(revoke(kRevocation).status, 200);  // twice
}

TEST(CapifCores, WhatWePublishedIsRevokedByItsNames) {
  CapifCore core;
  EXPECT_TRUE(core.may_be_our_api({"whatever"})) << "its identifier is not known here";
  core.service_api_id = "api-7";
  EXPECT_TRUE(core.may_be_our_api({"other", "api-7"}));
  EXPECT_TRUE(core.may_be_our_api({"ss-kir"}));
  EXPECT_FALSE(core.may_be_our_api({"other"}));
}

TEST_F(CapifTest, RevocationBodiesAreChecked) {
  for (const std::string_view body :
       {"", "x", "[]", "{}", R"({"revokeInfo":1,"supportedFeatures":"0"})",
        R"({"revokeInfo":{"apiIds":["a"],"cause":"x"},"supportedFeatures":"0"})",
        R"({"revokeInfo":{"apiInvokerId":"","apiIds":["a"],"cause":"x"},"supportedFeatures":"0"})",
        R"({"revokeInfo":{"apiInvokerId":"i","apiIds":["a"]},"supportedFeatures":"0"})",
        R"({"revokeInfo":{"apiInvokerId":"i","apiIds":[1],"cause":"x"},"supportedFeatures":"0"})",
        R"({"revokeInfo":{"apiInvokerId":"i","apiIds":["a"],"cause":"x"}})",
        R"({"revokeInfo":{"apiInvokerId":"i","apiIds":["a"],"cause":"x"},"supportedFeatures":"xyz"})"}) {
    const auto status = revoke(std::string(body)).status;
    EXPECT_TRUE(status == 400 || (body.empty() && (status == 411 || status == 415))) << body << status;
  }
  EXPECT_EQ(
      bed.ask_as(core_bearer(), Method::Post, kRevoke, kRevocation, {{http::Field::ContentType, "text/plain"}}).status,
      415);
}

TEST_F(CapifTest, ARevocationAtAnotherAefChangesNothing) {
  EXPECT_EQ(revoke(R"({"revokeInfo":{"apiInvokerId":"inv-1","aefId":"AEF-2","apiIds":["ss-kir"],"cause":"x"},)"
                   R"("supportedFeatures":"0"})")
                .status,
            200);
  EXPECT_EQ(ask(bed.invoker_claims()).status, 200);
}

TEST_F(CapifTest, OnlyTheCoreFunctionRevokes) {
  EXPECT_EQ(bed.ask_as("", Method::Post, kRevoke, kRevocation).status, 401);
  EXPECT_EQ(bed.ask_as(bed.capif_bearer(bed.invoker_claims()), Method::Post, kRevoke, kRevocation).status, 403);
  EXPECT_EQ(bed.ask_as(bed.bearer("vs1-client"), Method::Post, kRevoke, kRevocation).status, 401);
  EXPECT_EQ(ask(bed.invoker_claims()).status, 200);
}

TEST_F(CapifTest, AnAudienceMustBeOurs) {
  EXPECT_EQ(status_with("aud", R"("https://other-aef.example")"), 401);
  EXPECT_EQ(status_with("aud", R"("AEF-1")"), 200);
  EXPECT_EQ(status_with("aud", R"(["https://other-aef.example","AEF-1"])"), 200);
  const std::string origin = bed.context()->snapshot->settings->public_origin;
  ASSERT_FALSE(origin.empty());
  EXPECT_EQ(status_with("aud", '"' + origin + R"(/ss-kir/v1")"), 200);
  EXPECT_EQ(status_with("aud", '"' + origin + R"(.evil.example")"), 401);
}

TEST_F(CapifTest, ARevokedInvokersCertificateIsRefused) {
  bed.peer().is_certificate_trusted = true;
  bed.peer().certificate_der = certificate_of("inv-1");
  const std::string body = R"({"apiInvokerId":"inv-1","supportedFeatures":"0"})";
  EXPECT_EQ(bed.ask_as("", Method::Post, kCheck, body).status, 200);
  bed.peer() = {};
  ASSERT_EQ(revoke(kRevocation).status, 200);
  bed.peer().is_certificate_trusted = true;
  bed.peer().certificate_der = certificate_of("inv-1");
  EXPECT_EQ(bed.ask_as("", Method::Post, kCheck, body).status, 401);
}

TEST_F(CapifTest, CheckAuthenticationIsForTheInvokerItself) {
  const std::string body = R"({"apiInvokerId":"inv-1","supportedFeatures":"0"})";
  const std::string token = bed.capif_bearer(bed.invoker_claims());
  EXPECT_EQ(bed.ask_as(token, Method::Post, kCheck, body).body, R"({"supportedFeatures":"0"})");
  EXPECT_EQ(bed.ask_as("", Method::Post, kCheck, body).status, 401);
  EXPECT_EQ(bed.ask_as(token, Method::Post, kCheck, R"({"apiInvokerId":"inv-2","supportedFeatures":"0"})").status, 403);
  EXPECT_EQ(bed.ask_as(token, Method::Post, kCheck, R"({"apiInvokerId":"inv-1"})").status, 400);
  EXPECT_EQ(bed.ask_as(token, Method::Post, kCheck, R"({"supportedFeatures":"0"})").status, 400);
  ASSERT_EQ(revoke(kRevocation).status, 200);
  EXPECT_EQ(bed.ask_as(token, Method::Post, kCheck, body).status, 401);
}

TEST_F(CapifTest, DraftsAreChecked) {
  const auto set = [&](auto change) {
    CapifDraft draft = bed.core_draft();
    change(draft);
    const auto done = bed.wait(bed.capif.set_core("alpha", std::move(draft)));
    return done ? Code::Internal : done.error().code;
  };
  EXPECT_EQ(set([](CapifDraft& draft) { draft.issuer = ""; }), Code::BadValue);
  EXPECT_EQ(set([](CapifDraft& draft) { draft.aef_id = "a;b"; }), Code::BadValue);
  EXPECT_EQ(set([](CapifDraft& draft) { draft.open_services = {"a b"}; }), Code::BadValue);
  EXPECT_EQ(set([](CapifDraft& draft) { draft.url = "http://ccf.example"; }), Code::BadValue);
  EXPECT_EQ(set([](CapifDraft& draft) { draft.logs_invocations = true; }), Code::BadValue);
  EXPECT_EQ(set([](CapifDraft& draft) { draft.jwks = R"({"keys":[]})"; }), Code::PartnerKeysMissing);
  EXPECT_EQ(set([](CapifDraft& draft) { draft.jwks = "x"; }), Code::JsonSyntax);
  EXPECT_TRUE(bed.wait(bed.capif.set_core("bravo", bed.core_draft())).failed_with(Code::NotFound));
  EXPECT_EQ(ask(bed.invoker_claims()).status, 200);  // what was there before stays
}

// What the former core function was asked outlives it: the turn is given back after the look-up is gone.
TEST_F(CapifTest, ACoreIsReplacedWhileItIsAsked) {
  const identity::SilentServer silent;
  const auto set = [&](bool looks_up) {
    CapifDraft draft = bed.core_draft();
    draft.url = silent.origin();
    draft.looks_up_invokers = looks_up;
    ASSERT_TRUE(bed.wait(bed.capif.set_core("alpha", std::move(draft))));
  };
  for (const bool is_asked_on : {true, false}) {
    set(true);
    std::optional<Result<Unit>> first;
    std::optional<Result<Unit>> second;  // waits for the first one's turn
    bed.run_until([&] {
      bed.shard().scope().spawn(storage::keep_result(bed.capif.check_invoker("alpha", "inv-1"), &first));
      bed.shard().scope().spawn(storage::keep_result(bed.capif.check_invoker("alpha", "inv-1"), &second));
      return true;
    });
    bed.run_turns(4);
    EXPECT_FALSE(first);
    set(is_asked_on);
    for (const auto* outcome : {&first, &second}) {
      bed.clock().advance(Seconds{4});
      bed.run_until([&] { return outcome->has_value(); });
      EXPECT_TRUE((*outcome)->failed_with(Code::DeadlinePassed));
    }
    bed.run_turns(4);
  }
  ASSERT_TRUE(bed.wait(bed.capif.remove_core("alpha")));
  bed.run_turns(4);
}

TEST_F(CapifTest, InvokersAreListedInPages) {
  for (const std::string id : {"a", "b", "c"}) {
    ASSERT_TRUE(bed.wait(revoke_invoker(bed.context(), "alpha", id, "x")).has_value());
  }
  std::string seen;
  std::string after;
  do {
    const auto page = bed.wait(list_invokers(bed.context(), "alpha", after, 2));
    ASSERT_TRUE(page.has_value());
    for (const Invoker& invoker : page->invokers) seen += invoker.id;
    after = page->next;
  } while (!after.empty());
  EXPECT_EQ(seen, "abc");
}

TEST_F(CapifTest, Row37CertificateAndTokenNameDifferentInvokers) {
  bed.peer().is_certificate_trusted = true;
  bed.peer().certificate_der = certificate_of("inv-2");
  EXPECT_EQ(ask(bed.invoker_claims()).status, 401);
  EXPECT_EQ(status_with("client_id", "\"inv-2\""), 200);
  bed.peer().certificate_der = certificate_of("gateway", {"urn:inv-3"});
  EXPECT_EQ(ask(bed.invoker_claims()).status, 401);
  EXPECT_EQ(status_with("client_id", "\"urn:inv-3\""), 200);
  bed.peer().certificate_der = certificate_of("inv-1 ");
  EXPECT_EQ(ask(bed.invoker_claims()).status, 401);
  bed.peer().certificate_der = "not a certificate of anybody";
  EXPECT_EQ(ask(bed.invoker_claims()).status, 401);
}

TEST_F(CapifTest, TheCoreFunctionRevokesByItsCertificate) {
  CapifDraft draft = bed.core_draft();
  draft.open_services = {"v2x"};
  draft.core_name = "ccf-tls.example";
  ASSERT_TRUE(bed.wait(bed.capif.set_core("alpha", std::move(draft))).has_value());
  const auto status = [&] { return bed.ask_as("", Method::Post, kRevoke, kRevocation).status; };
  bed.peer().certificate_der = certificate_of("ccf-tls.example");
  EXPECT_EQ(status(), 401);  // no authority of ours vouches for it
  bed.peer().is_certificate_trusted = true;
  EXPECT_EQ(status(), 200);
  bed.peer().certificate_der = certificate_of("inv-9");
  EXPECT_EQ(status(), 401);
  EXPECT_EQ(revoke(kRevocation).status, 401);  // its token on somebody else's connection
}

TEST_F(CapifTest, ACertificateOfTheCoreFunctionsNameCountsOfItsAuthorityAlone) {
  const auto theirs = *crypto::CertificateAuthority::make("CCF", 1, 4'000'000'000);
  CapifDraft draft = bed.core_draft();
  draft.core_name = "ccf-tls.example";
  draft.ca_pem = theirs.certificate_pem();
  ASSERT_TRUE(bed.wait(bed.capif.set_core("alpha", std::move(draft))).has_value());
  const auto status = [&] { return bed.ask_as("", Method::Post, kRevoke, kRevocation).status; };
  bed.peer().is_certificate_trusted = true;
  bed.peer().certificate_der = certificate_of("ccf-tls.example");
  EXPECT_EQ(status(), 401) << "another authority's that the listener trusts";
  bed.peer().certificate_der = certificate_of("ccf-tls.example", {}, &theirs);
  EXPECT_EQ(status(), 200);
}

TEST_F(CapifTest, ACertificateOfAnInvokersNameCountsOfTheirAuthorityAlone) {
  const auto theirs = *crypto::CertificateAuthority::make("CCF", 1, 4'000'000'000);
  CapifDraft draft = bed.core_draft();
  draft.open_services = {"v2x"};
  CapifDraft wrong = bed.core_draft();
  wrong.invoker_ca_pem = "no certificate";
  EXPECT_TRUE(bed.wait(bed.capif.set_core("alpha", std::move(wrong))).failed_with(Code::BadValue));
  draft.invoker_ca_pem = theirs.certificate_pem();
  ASSERT_TRUE(bed.wait(bed.capif.set_core("alpha", std::move(draft))).has_value());
  const std::string token = bed.capif_bearer(bed.invoker_claims());
  const auto check = [&](const std::string& bearer) {
    return bed.ask_as(bearer, Method::Post, kCheck, R"({"apiInvokerId":"inv-1","supportedFeatures":"0"})").status;
  };
  EXPECT_EQ(ask(bed.invoker_claims()).status, 200) << "a token alone";
  bed.peer().is_certificate_trusted = true;
  bed.peer().certificate_der = certificate_of("inv-1");
  EXPECT_EQ(check(""), 401) << "another authority's that the listener trusts";
  EXPECT_EQ(check(token), 401);
  EXPECT_EQ(ask(bed.invoker_claims()).status, 401);
  bed.peer().certificate_der = certificate_of("inv-1", {}, &theirs);
  EXPECT_EQ(check(""), 200);
  EXPECT_EQ(check(token), 200);
  EXPECT_EQ(ask(bed.invoker_claims()).status, 200);
}

TEST(CapifMessages, RegistrationAnswersAreRead) {
  codec::JsonReader reader;
  const auto read = read_registration(reader, R"({"apiProvDomId":"d1","apiProvFuncs":[
    {"apiProvFuncId":"aef9","apiProvFuncRole":"AEF"},{"apiProvFuncId":"apf9","apiProvFuncRole":"APF"},
    {"apiProvFuncId":"amf9","apiProvFuncRole":"AMF"}]})");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->provider_id, "d1");
  EXPECT_EQ(read->aef_id, "aef9");
  EXPECT_EQ(read->apf_id, "apf9");
  EXPECT_TRUE(read_registration(reader, R"({"apiProvDomId":"d1","apiProvFuncs":[]})").failed_with(Code::JsonMissing));
  EXPECT_TRUE(read_registration(reader, R"({"apiProvFuncs":[]})").failed_with(Code::JsonMissing));
  EXPECT_TRUE(read_registration(reader, R"({"apiProvDomId":"a b","apiProvFuncs":[]})").failed_with(Code::BadValue));
  EXPECT_FALSE(read_registration(reader, "").has_value());
}

TEST(CapifMessages, WhatIsPublished) {
  CapifCore core;
  core.aef_id = "AEF-1";
  core.assigned_aef_id = "aef9";
  const auto text = write_service_api(core, "https://kms.example:8443", "/idms/v1/alpha");
  ASSERT_TRUE(text.has_value());
  EXPECT_NE(text->find(R"("apiName":"ss-kir")"), std::string::npos);
  EXPECT_NE(text->find(R"("aefId":"aef9")"), std::string::npos);
  EXPECT_NE(text->find(R"("fqdn":"kms.example","port":8443,"apiPrefix":"/idms/v1/alpha")"), std::string::npos);
  EXPECT_NE(write_service_api(core, "https://192.0.2.1", "")->find(R"("ipv4Addr":"192.0.2.1","port":443)"),
            std::string::npos);
  EXPECT_NE(write_service_api(core, "https://[2001:db8::1]", "")->find(R"("ipv6Addr":"2001:db8::1")"),
            std::string::npos);
  codec::JsonReader reader;
  EXPECT_EQ(*read_service_api(reader, R"({"apiId":"api9"})"), "api9");
  EXPECT_FALSE(read_service_api(reader, "{}").has_value());
}

TEST(CapifMessages, WhatIsLogged) {
  CapifCore core;
  core.aef_id = "AEF-1";
  core.service_api_id = "api9";
  const std::vector<Invocation> calls{{"inv-1", 200, 1'700'000'000}, {"inv-1", 403, 1'700'000'001}};
  const std::string text = write_invocation_log(core, calls);
  EXPECT_NE(text.find(R"("apiInvokerId":"inv-1")"), std::string::npos);
  EXPECT_NE(text.find(R"("result":"200","invocationTime":"2023-11-14T22:13:20Z")"), std::string::npos);
  EXPECT_NE(text.find(R"("result":"403")"), std::string::npos);
}

}  // namespace
}  // namespace claviger::seal_keys
