#include "broker/keys/kms_endpoint.h"

#include <gtest/gtest.h>

#include <future>
#include <utility>

#include "broker/identity/client_procedures.h"
#include "broker/identity/user_procedures.h"
#include "broker/keys/date_time.h"
#include "broker/keys/user_keys.h"
#include "broker/tokens/issuer.h"
#include "core/codec/hex.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::keys {
namespace {

using identity::Reply;

const std::string kEncodedAnn = "sip%3Aann.ptt%40alpha.example";
const std::string kKeyprovAnn = "keyprov/" + kEncodedAnn;

std::string timestamp_of(std::int64_t time) {
  std::array<std::byte, 8> bytes{};
  store_be(MutableBytes(bytes), static_cast<std::uint64_t>(time + kNtpEpoch) << 32U);
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

std::string request_body(KmsBed& bed, std::string_view path, std::string_view user = kAnn, std::int64_t skew = 0,
                         std::string_view kms = kKmsUri) {
  return "<KmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"><UserUri>" + std::string(user) +
         "</UserUri><KmsUri>" + std::string(kms) + "</KmsUri><Time>" + write_date_time(bed.now() + skew) +
         "</Time><ClientReqUrl>" + std::string(kOrigin) + std::string(kRootPath) + std::string(path) +
         "</ClientReqUrl></KmsRequest>";
}

void expect_error(const Reply& reply, std::uint16_t status, std::string_view code) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(element_of(reply.body, "ErrorCode"), code) << reply.body;
  EXPECT_EQ(reply.body.find("KmsMessage"), std::string::npos);
}

std::size_t key_sets_in(const std::string& body) {
  std::size_t count = 0;
  for (std::size_t at = body.find("<KmsKeySet "); at != std::string::npos; at = body.find("<KmsKeySet ", at + 1))
    ++count;
  return count;
}

TEST(KmsInit, GivesTheCertificateInTheOrderOfTheSchema) {  // D.3.1, D.3.2.2
  KmsBed bed;
  const Reply reply = bed.post("init");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.content_type, "application/xml");
  EXPECT_EQ(reply.cache_control, "no-store");
  std::size_t at = 0;
  for (const char* name :
       {"<KmsResponse ",  "<UserUri>",         "<KmsUri>",        "<Time>",          "<ClientReqUrl>", "<KmsMessage>",
        "<KmsInit ",      "<KmsCertificate ",  "<CertUri>",       "<KmsUri>",        "<ValidFrom>",    "<ValidTo>",
        "<Revoked>",      "<UserIdFormat>",    "<UserKeyPeriod>", "<UserKeyOffset>", "<PubEncKey>",    "<PubAuthKey>",
        "<ParameterSet>", "</KmsCertificate>", "</KmsInit>",      "</KmsMessage>",   "</KmsResponse>"}) {
    const std::size_t found = reply.body.find(name, at);
    ASSERT_NE(found, std::string::npos) << name;
    at = found + 1;
  }
  const Domain& domain = bed.domains().active()->domain;
  std::string point;
  codec::hex_encode(domain.public_encryption, point);
  EXPECT_EQ(element_of(reply.body, "PubEncKey"), point);
  EXPECT_EQ(element_of(reply.body, "UserUri"), kAnn);
  EXPECT_EQ(element_of(reply.body, "KmsUri"), kKmsUri);
  EXPECT_EQ(element_of(reply.body, "ClientReqUrl"), std::string(kOrigin) + "/keymanagement/identity/v1/init");
}

TEST(KmsKeyProv, GivesKeysThatTheDomainMade) {  // D.3.3.2
  KmsBed bed;
  const Reply reply = bed.post("keyprov");
  ASSERT_EQ(reply.status, 200) << reply.body;
  ASSERT_EQ(key_sets_in(reply.body), 1U);
  const auto domain = bed.domains().active();
  const KeyPeriods periods = domain->domain.periods;
  const auto period = *periods.number_at(bed.now());
  const auto uid = make_uid(kAnn, kKmsUri, periods.seconds, periods.offset, period);
  std::string uid_text;
  codec::hex_encode(*uid, uid_text);
  EXPECT_EQ(element_of(reply.body, "UserID"), uid_text);
  EXPECT_EQ(element_of(reply.body, "KeyPeriodNo"), std::to_string(period));
  EXPECT_EQ(element_of(reply.body, "ValidFrom"), write_date_time(periods.begins_at(period)));
  EXPECT_EQ(element_of(reply.body, "ValidTo"), write_date_time(periods.ends_at(period) - 1));
  const auto expected = domain->keys->issue(*uid);
  std::string rsk;
  codec::hex_encode(expected->rsk.reveal(), rsk);
  EXPECT_EQ(element_of(reply.body, "UserDecryptKey"), rsk);
  EXPECT_EQ(element_of(reply.body, "UserSigningKeySSK").size(), 64U);
  EXPECT_EQ(element_of(reply.body, "UserPubTokenPVT").size(), 130U);
  EXPECT_NE(reply.body.find("<UserDecryptKey xsi:type=\"KeyContentType\">"), std::string::npos);
}

TEST(KmsKeyProv, APairIsIssuedOnceAndServedAgain) {
  KmsBed bed;
  const Reply first = bed.post("keyprov");
  for (const std::string& path : {std::string("keyprov"), kKeyprovAnn, "keyprov/" + std::string(kAnn),
                                  kKeyprovAnn + "/" + timestamp_of(bed.now())}) {
    const Reply again = bed.post(path);
    ASSERT_EQ(again.status, 200) << path << again.body;
    EXPECT_EQ(element_of(again.body, "UserSigningKeySSK"), element_of(first.body, "UserSigningKeySSK")) << path;
    EXPECT_EQ(element_of(again.body, "UserPubTokenPVT"), element_of(first.body, "UserPubTokenPVT")) << path;
  }
}

TEST(KmsKeyProv, TwoAtOnceGetTheSamePair) {
  KmsBed bed;
  identity::Sent sent{http::Method::Post, std::string(kRootPath) + "keyprov", {}, {}};
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + bed.token());
  const auto replies = bed.send_together({sent, sent, sent});
  for (const Reply& reply : replies) {
    ASSERT_EQ(reply.status, 200);
    EXPECT_EQ(element_of(reply.body, "UserPubTokenPVT"), element_of(replies.front().body, "UserPubTokenPVT"));
  }
}

// Row 31 of spec 11: the ceremony that brings the domain's secrets is pending.
TEST(KmsKeyProv, WhileTheDomainsSecretsAreMissingItSaysLater) {
  KmsBed bed;
  Domain domain = bed.domains().active()->domain;
  domain.sealed_secrets.clear();
  storage::Transaction transaction;
  transaction.put(broker::tables::kKmsDomains, domain_key("alpha", kKmsUri, domain.generation),
                  as_bytes(encode_domain(domain)));
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(transaction))).has_value());
  ASSERT_TRUE(bed.wait(bed.kms().reload()).has_value());
  const Reply reply = bed.post("keyprov");
  expect_error(reply, 503, "1402");
  EXPECT_FALSE(reply.header("retry-after").empty());
  EXPECT_EQ(bed.post("init").status, 200);
}

// A token bound to a DPoP key needs a proof, which no KM client sends (RFC 9449 clause 7.1): nobody else uses it either.
TEST(KmsKeyProv, ATokenOfADpopKeyIsNoBearerToken) {
  KmsBed bed;
  const broker::TenantView* tenant = bed.context()->snapshot->find("alpha");
  tokens::AccessTokenClaims claims;
  const std::string key(32, 'k');
  claims.sub = bed.ann().sub;
  claims.client_id = "app";
  claims.scope = kKmScope;
  claims.mcptt_id = kAnn;
  claims.audiences = {tenant->tenant.scope_audiences.find("3gpp:mc:ptt_key_management_service")->second};
  const auto token_for = [&](std::string_view bound_to) {
    claims.dpop_key = bound_to;
    std::string token;
    bed.shard().run_until([&, turn = 0]() mutable {
      if (turn++ == 1) {
        auto made = tokens::access_token_of(*bed.context(), *tenant, claims);
        auto signed_one =
            made ? tokens::sign_here(*bed.context(), *std::move(made)) : Result<std::string>(made.error());
        if (signed_one) token = *std::move(signed_one);
      }
      return turn > 2;
    });
    return token;
  };
  EXPECT_EQ(bed.post_as(token_for({}), "keyprov").status, 200);
  const std::string bound = token_for(key);
  const Reply refused = bed.post_as(bound, "keyprov");
  expect_error(refused, 401, "1101");
  EXPECT_NE(refused.header("www-authenticate").find("invalid_token"), std::string::npos);
  identity::Sent sent{http::Method::Post, std::string(kRootPath) + "keyprov", {}, {}};
  sent.fields.emplace_back(http::Field::Authorization, "DPoP " + bound);
  expect_error(bed.send(sent), 401, "1101");
}

TEST(KmsKeyProv, KeysLieSealed) {
  KmsBed bed;
  const Reply reply = bed.post("keyprov");
  const auto rows = bed.wait(bed.store().range(broker::tables::kKmsUserKeys, "", "", 10));
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().value.text().find(element_of(reply.body, "UserSigningKeySSK")), std::string_view::npos);
}

TEST(KmsKeyProv, TheNextPeriodsKeysComeEarlyAndFirst) {  // spec 5.2, 10
  KmsBed bed;
  const KeyPeriods periods = bed.domains().active()->domain.periods;
  const auto period = *periods.number_at(bed.now());
  bed.clock().advance(Seconds(periods.ends_at(period) - 3600 - bed.now()));
  const Reply reply = bed.post_as(bed.fresh_token(kKmScope), "keyprov");
  ASSERT_EQ(key_sets_in(reply.body), 2U) << reply.body;
  EXPECT_EQ(element_of(reply.body, "KeyPeriodNo"), std::to_string(period + 1));
  EXPECT_EQ(element_of(reply.body, "KeyPeriodNo", reply.body.rfind("<KmsKeySet ")), std::to_string(period));
}

TEST(KmsKeyProv, KeysOfTheNextPeriodAreTheSameWhenItHasBegun) {
  KmsBed bed;
  const KeyPeriods periods = bed.domains().active()->domain.periods;
  const auto period = *periods.number_at(bed.now());
  const Reply early = bed.post(kKeyprovAnn + "/" + timestamp_of(periods.begins_at(period + 1)));
  ASSERT_EQ(early.status, 200);
  bed.clock().advance(Seconds(periods.begins_at(period + 1) - bed.now()));
  const Reply later = bed.post_as(bed.fresh_token(kKmScope), "keyprov");
  EXPECT_EQ(element_of(later.body, "UserPubTokenPVT"), element_of(early.body, "UserPubTokenPVT"));
}

TEST(KmsUser, WhatIsNotSaidOfHimStays) {
  KmsBed bed;
  UserKmsChange change;
  change.migration_kms = {"kms.bravo.example"};
  change.external_kms = {"kms.charlie.example"};
  ASSERT_TRUE(
      bed.wait(change_user_kms(&bed.kms(), bed.context(), "alpha", "sip:ann@alpha.example", change)).has_value());
  change = {};
  change.migration_kms = {"kms.delta.example"};
  const auto changed = bed.wait(change_user_kms(&bed.kms(), bed.context(), "alpha", "sip:ann@alpha.example", change));
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(changed->migration_kms, (std::vector<std::string>{"kms.delta.example"}));
  EXPECT_EQ(changed->external_kms, (std::vector<std::string>{"kms.charlie.example"}));
}

TEST(KmsServer, AServerGetsTheKeysOfTheIdentityItWasGranted) {  // spec 4.11 step 6
  KmsBed bed;
  identity::ClientDraft draft;
  draft.client_id = "gms";
  draft.authentication = identity::ClientAuthentication::SecretBasic;
  draft.may_client_credentials = true;
  draft.scopes = {"3gpp:mc:ptt_key_management_service"};
  const auto client = bed.add_client(std::move(draft));
  const Reply tokens =
      bed.send(identity::with_basic(identity::post_form("/idms/v1/alpha/token", "grant_type=client_credentials"), "gms",
                                    as_text(client.secret.reveal())));
  const std::string token = tokens.member("access_token");
  expect_error(bed.post_as(token, "keyprov/sip:gms@alpha.example"), 403, "1102");
  UserPolicy policy;
  policy.user_uri = "sip:gms@alpha.example";
  policy.client_id = "gms";
  ASSERT_TRUE(bed.wait(set_user_kms(&bed.kms(), bed.context(), "alpha", policy)).has_value());
  EXPECT_EQ(bed.post_as(token, "init").status, 200);
  EXPECT_EQ(bed.post_as(token, "keyprov/sip:gms@alpha.example").status, 200);
  expect_error(bed.post_as(token, "keyprov"), 403, "1102");
  expect_error(bed.post_as(token, kKeyprovAnn), 403, "1102");
  // A user's token does not get it, whoever its client is.
  expect_error(bed.post("keyprov/sip:gms@alpha.example"), 403, "1102");

  // A disabled client's token is still good for minutes; here it is not.
  ASSERT_TRUE(bed.wait(identity::set_client_enabled(bed.context(), "alpha", "gms", false)).has_value());
  EXPECT_EQ(bed.post_as(token, "keyprov/sip:gms@alpha.example").status, 401);
  ASSERT_TRUE(bed.wait(identity::remove_client(bed.context(), "alpha", "gms")).has_value());
  EXPECT_EQ(bed.post_as(token, "keyprov/sip:gms@alpha.example").status, 401);
  // Nor does the next one of that name inherit.
  bed.clock().advance(Seconds{1});
  bed.run_turns(1);
  identity::ClientDraft successor;
  successor.client_id = "gms";
  successor.authentication = identity::ClientAuthentication::SecretBasic;
  successor.may_client_credentials = true;
  successor.scopes = {"3gpp:mc:ptt_key_management_service"};
  const auto next = bed.add_client(std::move(successor));
  const Reply again =
      bed.send(identity::with_basic(identity::post_form("/idms/v1/alpha/token", "grant_type=client_credentials"), "gms",
                                    as_text(next.secret.reveal())));
  expect_error(bed.post_as(again.member("access_token"), "keyprov/sip:gms@alpha.example"), 403, "1102");
}

// Rows of spec 11.

TEST(KmsRows, Row5UnsignedWherePolicyDemandsASignature) {
  DomainDraft draft;
  draft.policy.needs_signature = true;
  KmsBed bed(std::move(draft));
  expect_error(bed.post("keyprov"), 403, "1103");
}

TEST(KmsRows, Row11TimeOutsideTheWindow) {
  KmsBed bed;
  expect_error(bed.post("init", request_body(bed, "init", kAnn, -301)), 400, "1003");
  expect_error(bed.post("init", request_body(bed, "init", kAnn, 301)), 400, "1003");
  EXPECT_EQ(bed.post("init", request_body(bed, "init", kAnn, -300)).status, 200);
  PolicyChange lenient;
  lenient.is_time_lenient = true;
  ASSERT_TRUE(bed.wait(set_policy(&bed.kms(), "alpha", lenient)).has_value());
  EXPECT_EQ(bed.post("init", request_body(bed, "init", kAnn, -10'000)).status, 200);
}

TEST(KmsRows, Row13SomebodyElsesKeys) {
  KmsBed bed;
  expect_error(bed.post("keyprov/sip:bob.ptt@alpha.example"), 403, "1102");
  expect_error(bed.post("keyprov", request_body(bed, "keyprov", "sip:bob.ptt@alpha.example")), 403, "1102");
}

TEST(KmsRows, Row14BodyAndPathNameTheSameCaller) {
  KmsBed bed;
  const Reply reply = bed.post(kKeyprovAnn, request_body(bed, kKeyprovAnn));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(element_of(reply.body, "UserUri"), kAnn);
}

TEST(KmsRows, Row15AnotherKms) {
  KmsBed bed;
  expect_error(bed.post("init", request_body(bed, "init", kAnn, 0, "kms.bravo.example")), 400, "1002");
}

TEST(KmsRows, Row16AnotherUrl) {
  KmsBed bed;
  expect_error(bed.post("init", request_body(bed, "keyprov")), 400, "1002");
}

TEST(KmsRows, Row17PeriodsFarAhead) {
  KmsBed bed;
  const KeyPeriods periods = bed.domains().active()->domain.periods;
  const auto period = *periods.number_at(bed.now());
  EXPECT_EQ(bed.post(kKeyprovAnn + "/" + timestamp_of(periods.ends_at(period + 1) - 1)).status, 200);
  expect_error(bed.post(kKeyprovAnn + "/" + timestamp_of(periods.ends_at(period + 1))), 409, "1202");
}

TEST(KmsRows, Row18PastPeriods) {
  KmsBed bed;
  const KeyPeriods periods = bed.domains().active()->domain.periods;
  const auto period = *periods.number_at(bed.now());
  // Ann came to be in this period: none of a former one.
  expect_error(bed.post(kKeyprovAnn + "/" + timestamp_of(periods.begins_at(period) - 1)), 409, "1202");
  bed.clock().advance(Seconds(periods.seconds));
  const std::string token = bed.fresh_token(kKmScope);
  EXPECT_EQ(bed.post_as(token, kKeyprovAnn + "/" + timestamp_of(periods.begins_at(period))).status, 200);
  bed.clock().advance(Seconds(periods.seconds));
  const std::string later = bed.fresh_token(kKmScope);
  expect_error(bed.post_as(later, kKeyprovAnn + "/" + timestamp_of(periods.begins_at(period))), 409, "1202");
}

TEST(KmsRows, Row19And20Paths) {
  KmsBed bed;
  for (const char* path : {"keyprov/sip%253Aann", "keyprov/a%00b", "keyprov/../init", "keyprov/sip:a@b/xyz"}) {
    expect_error(bed.post(path), 400, "1001");
  }
  expect_error(bed.post("keyprov/" + std::string(513, 'a')), 400, "1001");
  expect_error(bed.post("initrequest"), 404, "1201");
}

TEST(KmsRows, Row21NoTokenOrABadOne) {
  KmsBed bed;
  for (const std::string& token : {std::string(), std::string("x"), bed.token() + "x"}) {
    const Reply reply = bed.post_as(token, "init");
    expect_error(reply, 401, "1101");
    EXPECT_TRUE(reply.header("www-authenticate").starts_with("Bearer"));
  }
  for (const char* field : {"Bearer", "Bearer ", "Bearer a b", "Bearer a,", "Basic YTpi"}) {
    const Reply reply = bed.post_as("", "init", {}, {{http::Field::Authorization, field}});
    expect_error(reply, 401, "1101");
    EXPECT_TRUE(reply.header("www-authenticate").starts_with("Bearer")) << field;
  }
  const std::string token = bed.token();
  bed.clock().advance(Seconds(331));
  expect_error(bed.post_as(token, "init"), 401, "1101");
}

runtime::Task<Result<broker::TenantViews>> give(broker::TenantViews views) { co_return views; }

// Another tenant stands in front of alpha, with keys and a KMS of its own.
class TwoTenantsBed : public KmsBed {
 public:
  TwoTenantsBed() {
    constexpr std::string_view kIssuer = "https://idms.alpha.example/idms/v1/aaa";
    auto signing = crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256);
    auto keys = std::make_shared<tokens::TenantKeys>();
    keys->verifying = *tokens::KeySet::make(std::string(kIssuer), {{signing->kid(), signing->verify_key()}});
    tenants::Tenant other = tenant_;
    other.name = "aaa";
    other.issuer = kIssuer;
    load_ = [this, other, keys](broker::Context*) {
      broker::TenantViews views;
      views.emplace(tenant_.name, broker::TenantView{tenant_, tenant_keys_});
      views.emplace(other.name, broker::TenantView{other, keys});
      return give(std::move(views));
    };
    publish();
    DomainDraft draft;
    draft.kms_uri = "kms.aaa.example";
    EXPECT_TRUE(wait(init_domain(&kms(), "aaa", std::move(draft))).has_value());
  }
};

TEST(KmsRows, EachTenantsUsersReachTheirOwnKms) {
  TwoTenantsBed bed;
  const Reply init = bed.post("init");
  EXPECT_EQ(init.status, 200) << init.body;
  EXPECT_EQ(element_of(init.body, "KmsUri"), kKmsUri);
  EXPECT_EQ(bed.post("keyprov").status, 200);
  expect_error(bed.post_as(bed.token() + "x", "init"), 401, "1101");
  EXPECT_EQ(bed.post("cert/kms.aaa.example").status, 404);
}

TEST(KmsInit, AKmsUriIsOfOneTenantAlone) {  // TS 33.180 clause 3.1
  KmsBed bed;
  DomainDraft draft;
  draft.kms_uri = kKmsUri;
  EXPECT_TRUE(bed.wait(init_domain(&bed.kms(), "beta", std::move(draft))).failed_with(Code::Duplicate));
  DomainDraft another;
  another.kms_uri = "kms.beta.example";
  EXPECT_TRUE(bed.wait(init_domain(&bed.kms(), "beta", std::move(another))).has_value());
}

TEST(KmsRows, Row22AnotherAudienceOrScope) {
  KmsBed bed;
  expect_error(bed.post_as(bed.fresh_token("openid 3gpp:mc:ptt_service"), "init"), 403, "1102");
  // The scope alone does not do: the token must be for the KMS.
  const std::string token = bed.token();
  bed.tenant().scope_audiences["3gpp:mc:ptt_key_management_service"] = "https://elsewhere.example";
  bed.publish();
  expect_error(bed.post_as(token, "init"), 403, "1102");
}

TEST(KmsRows, Row23TokenInTheQuery) {
  KmsBed bed;
  expect_error(bed.post_as("", "init?access_token=" + bed.token()), 401, "1101");
}

TEST(KmsRows, Row24OtherMethods) {
  KmsBed bed;
  for (const http::Method method : {http::Method::Get, http::Method::Put, http::Method::Delete}) {
    EXPECT_EQ(bed.send({method, std::string(kRootPath) + "init"}).status, 405);
  }
}

TEST(KmsRows, Row25And26Types) {
  KmsBed bed;
  const auto send_with = [&](http::Field field, std::string value, std::string body) {
    identity::Sent sent{http::Method::Post, std::string(kRootPath) + "init", {}, std::move(body)};
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + bed.token());
    sent.fields.emplace_back(field, std::move(value));
    return bed.send(sent);
  };
  expect_error(send_with(http::Field::ContentType, "application/json", "{}"), 415, "1301");
  EXPECT_EQ(send_with(http::Field::ContentType, "application/json", "").status, 200);
  EXPECT_EQ(send_with(http::Field::ContentType, "text/xml; charset=utf-8", request_body(bed, "init")).status, 200);
  expect_error(send_with(http::Field::Accept, "application/json", ""), 406, "1301");
  expect_error(send_with(http::Field::Accept, "application/xml;q=0, text/html", ""), 406, "1301");
  EXPECT_EQ(send_with(http::Field::Accept, "application/json, */*;q=0.1", "").status, 200);
}

TEST(KmsRows, Row28CertCacheNumbers) {
  KmsBed bed;
  const Reply whole = bed.post("certcache");
  EXPECT_NE(whole.body.find("CacheNum=\"1\""), std::string::npos) << whole.body;
  EXPECT_NE(whole.body.find("<KmsCertificate "), std::string::npos);
  const Reply current = bed.post("certcache/1");
  EXPECT_EQ(current.status, 200);
  EXPECT_EQ(current.body.find("<KmsCertificate "), std::string::npos);
  for (const char* larger : {"certcache/99", "certcache/18446744073709551616", "certcache/99999999999999999999999"}) {
    EXPECT_NE(bed.post(larger).body.find("<KmsCertificate "), std::string::npos) << larger;
  }
  expect_error(bed.post("certcache/x"), 400, "1001");
}

TEST(KmsRows, Row29CertOfAnUnknownKms) {
  KmsBed bed;
  EXPECT_EQ(bed.post("cert/" + std::string(kKmsUri)).status, 200);
  expect_error(bed.post("cert/kms.unknown.example"), 404, "1201");
}

TEST(KmsRows, Row30ARevokedUser) {
  KmsBed bed;
  ASSERT_EQ(bed.post("keyprov").status, 200);
  ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "lost")).has_value());
  expect_error(bed.post("keyprov"), 410, "1203");
  ASSERT_TRUE(bed.wait(restore_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn))).has_value());
  EXPECT_EQ(bed.post("keyprov").status, 200);
  // Nothing is left to be said of her: from the next start on her keys leave without a look for it.
  EXPECT_FALSE(bed.start_again().policies().may_have(user_policy_key("alpha", kAnn)));
}

runtime::Task<void> ask_for_keys(KmsBed* bed, identity::Sent sent, int* status) {
  const http::Response response = co_await bed->start(std::move(sent));
  *status = response.status;
}

TEST(KmsRows, WhoIsSignedOffWhileHeWaitsForHisKeysGetsNone) {
  KmsBed bed;
  const identity::Sent sent{http::Method::Post,
                            std::string(kRootPath) + "keyprov",
                            {{http::Field::Authorization, "Bearer " + bed.token()}},
                            {}};
  std::promise<void> is_signed_off;
  EXPECT_TRUE(bed.kms().pool().submit([ready = is_signed_off.get_future()] { ready.wait(); }));
  bed.run_until([&] { return bed.kms().pool().queued() == 0; });
  int status = 0;
  bed.run_until([&] {
    bed.shard().scope().spawn(ask_for_keys(&bed, sent, &status));
    return true;
  });
  bed.run_until([&] { return bed.kms().pool().queued() == 1; });
  EXPECT_TRUE(bed.wait(identity::disable_user(bed.context(), "alpha", bed.ann().sub)));
  EXPECT_EQ(status, 0);
  is_signed_off.set_value();
  bed.run_until([&] { return status != 0; });
  EXPECT_EQ(status, 401);
}

TEST(KmsRows, ACompromisedDomainGivesNothingOfItsFormerSecrets) {  // spec 5.3
  KmsBed bed;
  const Reply before = bed.post("keyprov");
  ASSERT_TRUE(bed.wait(rotate_domain(&bed.kms(), "alpha", true)).has_value());
  const Reply after = bed.post("keyprov");
  ASSERT_EQ(after.status, 200);
  EXPECT_NE(element_of(after.body, "UserDecryptKey"), element_of(before.body, "UserDecryptKey"));
  const Reply cache = bed.post("certcache/1");
  EXPECT_NE(cache.body.find("<Revoked>true</Revoked>"), std::string::npos) << cache.body;
  EXPECT_NE(cache.body.find("CacheNum=\"2\""), std::string::npos);
  ASSERT_TRUE(bed.wait(revoke_domain(&bed.kms(), "alpha")).has_value());
  expect_error(bed.post("keyprov"), 410, "1203");
}

}  // namespace
}  // namespace claviger::keys
