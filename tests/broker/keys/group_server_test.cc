// A group management server over SEAL-X1, and the group keys it makes of what it got: also the example for whoever writes
// one (TS 33.180 clauses 5.7.1, 7.3; annex E).
#include "broker/keys/group_server.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/identity/user_procedures.h"
#include "broker/keys/known_identity.h"
#include "broker/keys/user_procedures.h"
#include "core/codec/hex.h"
#include "core/crypto/certificate_authority.h"
#include "core/crypto/mikey/i_message.h"
#include "core/crypto/mikey/key_id.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::keys {
namespace {

constexpr std::string_view kGms = "sip:gms@alpha.example";
constexpr std::int64_t kLongAgo = 1'600'000'000;
constexpr std::int64_t kFarAhead = 4'000'000'000;

const crypto::CertificateAuthority& authority() {
  static const auto kAuthority = *crypto::CertificateAuthority::make("x1", kLongAgo, kFarAhead);
  return kAuthority;
}
std::string certificate_der(std::string name, const crypto::CertificateAuthority& issuer = authority()) {
  crypto::CertificateRequest request;
  request.common_name = "gms";
  request.dns_names = {std::move(name)};
  request.use = crypto::CertificateUse::Client;
  request.not_before = kLongAgo;
  request.not_after = kFarAhead;
  const auto chain = *crypto::Certificate::from_pem(issuer.issue(request)->certificate_pem);
  return std::string(as_text(chain.front().der()));
}

class GroupServerTest : public testing::Test {
 protected:
  GroupServerTest() {
    identity::ClientDraft draft;
    draft.client_id = "gms";
    draft.may_client_credentials = true;
    draft.authentication = identity::ClientAuthentication::SecretBasic;
    draft.scopes = {"3gpp:mc:ptt_key_management_service"};
    const auto client = bed_.add_client(std::move(draft));
    token_ =
        bed_.send(identity::with_basic(identity::post_form("/idms/v1/alpha/token", "grant_type=client_credentials"),
                                       "gms", as_text(client.secret.reveal())))
            .member("access_token");
  }
  GroupServer wanted() {
    GroupServer server;
    server.server_uri = kGms;
    server.client_id = "gms";
    server.certificate_name = "gms.alpha.example";
    return server;
  }
  auto add() { return bed_.wait(add_group_server(&bed_.kms(), bed_.context(), "alpha", wanted())); }
  void present(std::string der, bool is_trusted = true) {
    bed_.peer().certificate_der = std::move(der);
    bed_.peer().is_certificate_trusted = is_trusted;
  }
  identity::Reply ask() { return bed_.post_as(token_, "keyprov/sip%3Agms%40alpha.example"); }

  KmsBed bed_;
  std::string token_;
};

// Of whom an operator may say something: a mistyped URI is nobody's.
TEST_F(GroupServerTest, IsSomebodyLikeAUserAndNobodyElseIs) {
  const auto code = [&](std::string_view tenant, std::string_view uri) {
    const auto known = bed_.wait(check_identity(bed_.context(), std::string(tenant), std::string(uri)));
    return known ? Code::Internal : known.error().code;
  };
  EXPECT_EQ(code("alpha", kAnn), Code::Internal);
  EXPECT_EQ(code("bravo", kAnn), Code::UserUnknown) << "of another tenant";
  EXPECT_EQ(code("alpha", "sip:ann.ptt@alpha.exampel"), Code::UserUnknown);
  EXPECT_EQ(code("alpha", ""), Code::UriPathInvalid);
  EXPECT_EQ(code("alpha", kGms), Code::UserUnknown);
  ASSERT_TRUE(add());
  EXPECT_EQ(code("alpha", kGms), Code::Internal);
  UserPolicy of_client;
  of_client.user_uri = "sip:server@alpha.example";
  of_client.client_id = "gms";
  EXPECT_EQ(code("alpha", of_client.user_uri), Code::UserUnknown);
  ASSERT_TRUE(bed_.wait(set_user_kms(&bed_.kms(), bed_.context(), "alpha", of_client)));
  EXPECT_EQ(code("alpha", of_client.user_uri), Code::Internal);
}

// Both the token and the certificate, and of whom the operator said.
TEST_F(GroupServerTest, GetsItsKeysWithTokenAndCertificateAlone) {
  EXPECT_EQ(ask().status, 403) << "nobody said that it is one";
  ASSERT_TRUE(add());
  EXPECT_EQ(ask().status, 403) << "a token alone";
  present(certificate_der("gms.alpha.example"), false);
  EXPECT_EQ(ask().status, 403) << "a certificate that no authority vouches for";
  present(certificate_der("other.alpha.example"));
  EXPECT_EQ(ask().status, 403) << "another's certificate";
  present(certificate_der("gms.alpha.example"));
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(bed_.post_as(token_, "keyprov/sip%3Aann.ptt%40alpha.example").status, 403) << "a user's keys";
  ASSERT_TRUE(bed_.wait(remove_group_server(&bed_.kms(), bed_.context(), "alpha", std::string(kGms))));
  EXPECT_EQ(ask().status, 403);
}

// Whatever else the listener trusts may issue a certificate of that name.
TEST_F(GroupServerTest, IsWhomItsAuthorityNames) {
  GroupServer server = wanted();
  server.ca_pem = authority().certificate_pem();
  ASSERT_TRUE(bed_.wait(add_group_server(&bed_.kms(), bed_.context(), "alpha", server)));
  EXPECT_EQ(bed_.wait(list_group_servers(bed_.context(), "alpha"))->front().ca_pem, server.ca_pem);
  const auto other = *crypto::CertificateAuthority::make("x1", kLongAgo, kFarAhead);  // of the same name, even
  present(certificate_der("gms.alpha.example", other));
  EXPECT_EQ(ask().status, 403);
  EXPECT_EQ(bed_.post_as(token_, "keyprov").status, 403) << "nor by saying no identity";
  present(certificate_der("gms.alpha.example"));
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(bed_.post_as(token_, "keyprov").status, 200);
  present(certificate_der("other.alpha.example"));
  EXPECT_EQ(ask().status, 403);
}

TEST_F(GroupServerTest, MeansItselfWhenItSaysNoIdentity) {  // spec 4.11 step 6: its own server URI
  ASSERT_TRUE(add());
  EXPECT_EQ(bed_.post_as(token_, "keyprov").status, 403) << "a token alone";
  present(certificate_der("gms.alpha.example"));
  const identity::Reply keys = bed_.post_as(token_, "keyprov");
  ASSERT_EQ(keys.status, 200) << keys.body;
  EXPECT_EQ(element_of(keys.body, "UserUri", keys.body.find("<KmsKeySet")), kGms);
  EXPECT_EQ(element_of(bed_.post_as(token_, "init").body, "UserUri"), kGms);
  present(certificate_der("other.alpha.example"));
  EXPECT_EQ(bed_.post_as(token_, "keyprov").status, 403);
}

// Whoever may add users must not get the keys of a server by giving its name to one of them.
TEST_F(GroupServerTest, AUserOfItsNameDoesNotGetItsKeys) {
  ASSERT_TRUE(add());
  UserPolicy of_client;
  of_client.user_uri = "sip:server@alpha.example";
  of_client.client_id = "gms";
  ASSERT_TRUE(bed_.wait(set_user_kms(&bed_.kms(), bed_.context(), "alpha", of_client)));
  present(certificate_der("gms.alpha.example"));
  ASSERT_EQ(ask().status, 200) << "its keys are there";
  ASSERT_EQ(bed_.post_as(token_, "keyprov/sip%3Aserver%40alpha.example").status, 200);
  const auto token_of_user_called = [&](std::string_view uri) {
    identity::UserChange change;
    change.mcptt_id = std::string(uri);
    EXPECT_TRUE(bed_.wait(identity::change_user(bed_.context(), "alpha", bed_.ann().sub, std::move(change))));
    bed_.clock().advance(Seconds{2});
    return bed_.fresh_token(kKmScope);
  };
  const std::string as_gms = token_of_user_called(kGms);
  EXPECT_EQ(bed_.post_as(as_gms, "keyprov/sip%3Agms%40alpha.example").status, 403);
  EXPECT_EQ(bed_.post_as(as_gms, "keyprov").status, 403);
  const std::string as_server = token_of_user_called(of_client.user_uri);
  EXPECT_EQ(bed_.post_as(as_server, "keyprov/sip%3Aserver%40alpha.example").status, 403);
  // Another process knows it, too.
  EXPECT_TRUE(bed_.start_again().policies().may_have(user_policy_key("alpha", kGms)));
  const std::string as_himself = token_of_user_called("sip:ann.other@alpha.example");
  EXPECT_EQ(bed_.post_as(as_himself, "keyprov").status, 200);
}

// To which every client encrypts its client-server key.
TEST_F(GroupServerTest, AUserOfTheDomainSecurityIdentityDoesNotGetItsKeys) {
  constexpr std::string_view kOwn = "sip:mcptt@alpha.example";
  bed_.kms().reserve("alpha", kOwn);
  identity::UserChange change;
  change.mcptt_id = std::string(kOwn);
  ASSERT_TRUE(bed_.wait(identity::change_user(bed_.context(), "alpha", bed_.ann().sub, std::move(change))));
  bed_.clock().advance(Seconds{2});
  const std::string as_own = bed_.fresh_token(kKmScope);
  EXPECT_EQ(bed_.post_as(as_own, "keyprov").status, 403);
  EXPECT_EQ(bed_.post_as(as_own, "keyprov/sip%3Amcptt%40alpha.example").status, 403);
  UserPolicy of_client;
  of_client.user_uri = kOwn;
  of_client.client_id = "gms";
  ASSERT_TRUE(bed_.wait(set_user_kms(&bed_.kms(), bed_.context(), "alpha", of_client)));
  EXPECT_EQ(bed_.post_as(token_, "keyprov/sip%3Amcptt%40alpha.example").status, 403) << "nor a server's client";
}

TEST_F(GroupServerTest, RefusesWhatCannotBe) {
  const auto code = [&](auto change) {
    GroupServer server = wanted();
    change(server);
    const auto made = bed_.wait(add_group_server(&bed_.kms(), bed_.context(), "alpha", server));
    return made ? Code::Internal : made.error().code;
  };
  EXPECT_EQ(code([](GroupServer& s) { s.server_uri = ""; }), Code::UriPathInvalid);
  EXPECT_EQ(code([](GroupServer& s) { s.server_uri = kAnn; }), Code::GroupServerTaken);
  EXPECT_EQ(code([](GroupServer& s) { s.client_id = "nobody"; }), Code::ClientUnknown);
  EXPECT_EQ(code([](GroupServer& s) { s.certificate_name = ""; }), Code::BadValue);
  EXPECT_EQ(code([](GroupServer& s) { s.ca_pem = "no certificate"; }), Code::BadValue);
  ASSERT_TRUE(add());
  EXPECT_TRUE(add().failed_with(Code::GroupServerTaken));
  EXPECT_EQ(bed_.wait(list_group_servers(bed_.context(), "alpha"))->size(), 1U);
  EXPECT_TRUE(bed_.wait(remove_group_server(&bed_.kms(), bed_.context(), "alpha", "sip:x@y"))
                  .failed_with(Code::GroupServerUnknown));
}

template <std::size_t N>
std::array<std::byte, N> bytes_of(const std::string& xml, const std::string& name, std::size_t from) {
  std::array<std::byte, N> bytes{};
  EXPECT_TRUE(codec::hex_decode(element_of(xml, name, from), bytes)) << name;
  return bytes;
}

// What an end point has of the KMS: the certificate, and its keys of the present period.
struct EndPoint {
  std::string uri;
  mikey::KmsDomain domain;
  mikey::Uid uid{};
  mikey::Rsk rsk;
  mikey::EccsiUserKey signing;
};
EndPoint end_point(std::string uri, const std::string& init, const std::string& keys) {
  EndPoint made{std::move(uri),
                {element_of(init, "KmsUri"), *mikey::SakkePublicKey::from_octets(bytes_of<257>(init, "PubEncKey", 0)),
                 *mikey::EccsiPublicKey::from_octets(bytes_of<65>(init, "PubAuthKey", 0)),
                 *mikey::KeyPeriods::make(std::stoull(element_of(init, "UserKeyPeriod")), 0)},
                {},
                {},
                {}};
  const std::size_t last = keys.rfind("<KmsKeySet");
  made.uid = bytes_of<32>(keys, "UserID", last);
  made.rsk = mikey::Rsk(bytes_of<257>(keys, "UserDecryptKey", last));
  made.signing.ssk = Secret<32>(bytes_of<32>(keys, "UserSigningKeySSK", last));
  made.signing.pvt = bytes_of<65>(keys, "UserPubTokenPVT", last);
  return made;
}

// Clause 7.3.3.1: the server makes a GMK and sends it to each member; the member checks whose it is, and opens it.
TEST_F(GroupServerTest, SendsGroupKeysThatMembersOpen) {
  ASSERT_TRUE(add());
  present(certificate_der("gms.alpha.example"));
  const std::string init = bed_.post("init").body;
  const EndPoint gms = end_point(std::string(kGms), init, ask().body);
  const EndPoint ann = end_point(std::string(kAnn), init, bed_.post("keyprov").body);
  ASSERT_TRUE(mikey::check_rsk(gms.domain.encryption, gms.uid, gms.rsk.reveal()));
  ASSERT_TRUE(mikey::check_eccsi_key(gms.domain.authentication, gms.uid, gms.signing));

  const mikey::SharedSecret gmk = *crypto::random_bytes<mikey::kSharedSecretBytes>();
  const std::uint32_t gmk_id = *mikey::random_key_id(mikey::KeyPurpose::Gmk);
  const mikey::NtpSeconds now = *mikey::to_ntp(std::chrono::sys_seconds(Seconds(bed_.now())));
  const mikey::GroupKeyMessage content{gmk_id, now, kGms, kAnn, {}};
  const auto message = mikey::build_group_key_message(content, gms.domain, gms.signing, ann.domain, gmk);
  ASSERT_TRUE(message);

  const mikey::ReceiverKey key{ann.uid, &ann.rsk};
  const mikey::IMessageReceiver receiver{kAnn, std::span(&ann.domain, 1), std::span(&key, 1), now, kGms};
  const auto opened = mikey::open_i_message(*message, receiver);
  ASSERT_TRUE(opened) << opened.error().where;
  EXPECT_TRUE(opened->key.equals(gmk.reveal()));
  // GUK-ID of this member: the group's name stays the server's (clause 5.2.3).
  EXPECT_EQ(opened->view.csb_id, mikey::guk_id(gmk, gmk_id, kAnn));

  auto altered = *message;
  altered[altered.size() / 2] ^= std::byte{1};
  EXPECT_TRUE(mikey::open_i_message(altered, receiver).failed_with(Code::SealBroken));
  const mikey::IMessageReceiver other{kAnn, std::span(&ann.domain, 1), std::span(&key, 1), now,
                                      "sip:other@alpha.example"};
  EXPECT_FALSE(mikey::open_i_message(*message, other));
}

}  // namespace
}  // namespace claviger::keys
