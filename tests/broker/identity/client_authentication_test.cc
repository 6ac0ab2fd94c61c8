// Client authentication: each method, each refusal of spec 4.3, the cache.
#include <gtest/gtest.h>

#include "broker/identity/client_assertion.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/client_cache.h"
#include "broker/identity/client_certificate.h"
#include "broker/identity/request_form.h"
#include "core/codec/base64url.h"
#include "core/crypto/certificate_authority.h"
#include "core/crypto/signing_key.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kToken = "/idms/v1/alpha/token";
constexpr std::string_view kGrant = "grant_type=client_credentials";

struct Authentication : ::testing::Test {
  Testbed bed;

  CreatedClient add(std::string id, ClientAuthentication how, std::string jwks = {}) {
    ClientDraft draft;
    draft.client_id = std::move(id);
    draft.authentication = how;
    draft.may_client_credentials = how != ClientAuthentication::None;
    draft.may_code = true;
    draft.redirect_uris = {std::string(kRedirect)};
    draft.scopes = {"3gpp:mc:ptt_service"};
    draft.jwks = std::move(jwks);
    return bed.add_client(std::move(draft));
  }
  Sent form(const std::string& extra = {}) { return post_form(std::string(kToken), std::string(kGrant) + extra); }
  static void expect_refused(const Reply& reply, std::uint16_t status, std::string_view error) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.member("error"), error) << reply.body;
  }
};

TEST_F(Authentication, SecretInTheHeaderOrInTheBody) {
  const CreatedClient client = add("server", ClientAuthentication::SecretBasic);
  const std::string secret(as_text(client.secret.reveal()));
  EXPECT_EQ(secret.size(), 43U);
  EXPECT_EQ(bed.send(with_basic(form(), "server", secret)).status, 200);
  EXPECT_EQ(bed.send(form("&client_id=server&client_secret=" + secret)).status, 200);
  EXPECT_EQ(bed.send(with_basic(form("&client_id=server"), "server", secret)).status, 200);
}

// RFC 6749 clause 5.2. Without the header a challenge would hide the error from clients such as oauth4webapi.
TEST_F(Authentication, WhoTriedWithAHeaderGetsAChallenge) {
  add("server", ClientAuthentication::SecretBasic);
  Reply reply = bed.send(with_basic(form(), "server", "wrong"));
  expect_refused(reply, 401, "invalid_client");
  EXPECT_EQ(reply.header("www-authenticate"), "Basic realm=\"idms\", charset=\"UTF-8\"");
  reply = bed.send(form("&client_id=server&client_secret=wrong"));
  expect_refused(reply, 401, "invalid_client");
  EXPECT_EQ(reply.header("www-authenticate"), "");
}

TEST_F(Authentication, UnknownClientLooksLikeAWrongSecret) {
  add("server", ClientAuthentication::SecretBasic);
  const Reply wrong = bed.send(with_basic(form(), "server", "wrong"));
  const Reply unknown = bed.send(with_basic(form(), "nobody", "wrong"));
  expect_refused(unknown, 401, "invalid_client");
  EXPECT_EQ(unknown.body, wrong.body);
}

TEST_F(Authentication, NoClientIdAtAll) { expect_refused(bed.send(form()), 401, "invalid_client"); }

TEST_F(Authentication, MalformedHeader) {
  for (const char* bad : {"", "Basic", "Basic ", "Basic !", "Bearer", "Bearer abc", "Basic bm9jb2xvbg=="}) {
    Sent sent = form();
    sent.fields.emplace_back(http::Field::Authorization, bad);
    const Reply reply = bed.send(sent);
    expect_refused(reply, 401, "invalid_client");
    EXPECT_EQ(reply.header("www-authenticate"), "Basic realm=\"idms\", charset=\"UTF-8\"") << bad;
  }
}

TEST_F(Authentication, TwoMethodsInOneRequest) {
  const CreatedClient client = add("server", ClientAuthentication::SecretBasic);
  const std::string secret(as_text(client.secret.reveal()));
  expect_refused(bed.send(with_basic(form("&client_secret=" + secret), "server", secret)), 400, "invalid_request");
  expect_refused(bed.send(with_basic(form("&client_assertion=a.b.c"), "server", secret)), 400, "invalid_request");
  expect_refused(bed.send(form("&client_id=server&client_secret=x&client_assertion=a.b.c")), 400, "invalid_request");
  expect_refused(bed.send(with_basic(with_basic(form(), "server", secret), "server", secret)), 400, "invalid_request");
}

TEST_F(Authentication, ClientIdOfTheBodyDiffers) {
  const CreatedClient client = add("server", ClientAuthentication::SecretBasic);
  add("other", ClientAuthentication::SecretBasic);
  const std::string secret(as_text(client.secret.reveal()));
  expect_refused(bed.send(with_basic(form("&client_id=other"), "server", secret)), 400, "invalid_request");
  ASSERT_EQ(bed.send(with_basic(form(), "server", secret)).status, 200);  // now it is cached: still refused
  expect_refused(bed.send(with_basic(form("&client_id=other"), "server", secret)), 400, "invalid_request");
}

TEST_F(Authentication, PublicClientSendsASecretOrConfidentialOneNone) {
  add("app", ClientAuthentication::None);
  add("server", ClientAuthentication::SecretBasic);
  expect_refused(bed.send(with_basic(form(), "app", "anything")), 401, "invalid_client");
  expect_refused(bed.send(form("&client_id=app&client_secret=anything")), 401, "invalid_client");
  expect_refused(bed.send(form("&client_id=server")), 401, "invalid_client");
  expect_refused(bed.send(form("&client_id=app")), 400, "unauthorized_client");  // authenticated, not entitled
}

TEST_F(Authentication, DisabledClient) {
  const CreatedClient client = add("server", ClientAuthentication::SecretBasic);
  const Sent sent = with_basic(form(), "server", as_text(client.secret.reveal()));
  ASSERT_EQ(bed.send(sent).status, 200);
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "server", false)));
  expect_refused(bed.send(sent), 401, "invalid_client");
  ASSERT_TRUE(bed.wait(set_client_enabled(bed.context(), "alpha", "server", true)));
  EXPECT_EQ(bed.send(sent).status, 200);
}

TEST_F(Authentication, ARotatedSecretIsForgottenEverywhere) {
  const CreatedClient client = add("server", ClientAuthentication::SecretBasic);
  const Sent old = with_basic(form(), "server", as_text(client.secret.reveal()));
  ASSERT_EQ(bed.send(old).status, 200);
  ASSERT_NE(bed.context()->identity->clients().authenticate_seen("alpha", bed.request(old)), nullptr);
  const auto fresh = bed.wait(rotate_client_secret(bed.context(), "alpha", "server"));
  ASSERT_TRUE(fresh);
  EXPECT_EQ(bed.context()->identity->clients().authenticate_seen("alpha", bed.request(old)), nullptr);
  expect_refused(bed.send(old), 401, "invalid_client");
  EXPECT_EQ(bed.send(with_basic(form(), "server", as_text(fresh->reveal()))).status, 200);
}

TEST_F(Authentication, ARemovedClientIsUnknown) {
  const CreatedClient client = add("server", ClientAuthentication::SecretBasic);
  const Sent sent = with_basic(form(), "server", as_text(client.secret.reveal()));
  ASSERT_EQ(bed.send(sent).status, 200);
  ASSERT_TRUE(bed.wait(remove_client(bed.context(), "alpha", "server")));
  expect_refused(bed.send(sent), 401, "invalid_client");
}

TEST_F(Authentication, ARecordReadBeforeAChangeIsNotCachedAfterIt) {
  const CreatedClient client = add("server", ClientAuthentication::SecretBasic);
  const Sent sent = with_basic(form(), "server", as_text(client.secret.reveal()));
  bed.store().set_reads(storage::memory::Reads::Hold);
  const auto pending = bed.begin(sent);  // waits for the client's record
  bed.context()->identity->clients().forget("alpha", "server");
  bed.store().set_reads(storage::memory::Reads::Inline);
  EXPECT_EQ(bed.finish(*pending).status, 200);
  EXPECT_EQ(bed.context()->identity->clients().authenticate_seen("alpha", bed.request(sent)), nullptr);
}

TEST_F(Authentication, SeenHeadersAreOfOneTenantOnly) {
  const CreatedClient client = add("server", ClientAuthentication::SecretBasic);
  const Sent sent = with_basic(form(), "server", as_text(client.secret.reveal()));
  ASSERT_EQ(bed.send(sent).status, 200);
  EXPECT_NE(bed.context()->identity->clients().authenticate_seen("alpha", bed.request(sent)), nullptr);
  EXPECT_EQ(bed.context()->identity->clients().authenticate_seen("alph", bed.request(sent)), nullptr);
  EXPECT_EQ(bed.context()->identity->clients().authenticate_seen("bravo", bed.request(sent)), nullptr);
  EXPECT_EQ(bed.context()->identity->clients().authenticate_seen("alpha", bed.request(form())), nullptr);
}

TEST(ClientCache, IsBoundedAndWhatLeavesItIsStale) {
  ClientCache cache;
  Client client;
  client.client_id = "a";
  const auto first = cache.insert("alpha", client, 2);
  cache.remember_seen("alpha", "Basic a", first, 2);
  for (const char* id : {"b", "c", "d"}) {
    client.client_id = id;
    const auto entry = cache.insert("alpha", client, 2);
    cache.remember_seen("alpha", std::string("Basic ") + id, entry, 2);
  }
  EXPECT_EQ(cache.clients(), 2U);
  EXPECT_EQ(cache.seen(), 2U);
  EXPECT_EQ(cache.find("alpha", "a"), nullptr);
  EXPECT_TRUE(first->is_stale);
  EXPECT_EQ(cache.find_seen("alpha", "Basic a"), nullptr);
  EXPECT_NE(cache.find_seen("alpha", "Basic d"), nullptr);
  cache.forget("alpha", "d");
  EXPECT_EQ(cache.find_seen("alpha", "Basic d"), nullptr);
  cache.remember_seen("alpha", "Basic a", first, 2);  // stale ones are not taken in again
  EXPECT_EQ(cache.find_seen("alpha", "Basic a"), nullptr);
}

// private_key_jwt

struct Assertions : Authentication {
  crypto::SigningKey key = *crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256);
  crypto::SigningContext signing;
  std::int64_t now = numeric_date(bed.clock().wall());

  void SetUp() override {
    std::string jwk;
    crypto::write_jwk(key.verify_key(), jwk);
    add("robot", ClientAuthentication::PrivateKeyJwt, "{\"keys\":[" + jwk + "]}");
  }
  std::string sign(const std::string& header, const std::string& payload) {
    std::string jwt;
    codec::base64url_encode(as_bytes(header), jwt);
    jwt += '.';
    codec::base64url_encode(as_bytes(payload), jwt);
    std::array<std::byte, 64> signature;
    EXPECT_TRUE(key.sign(signing, as_bytes(jwt), signature).has_value());
    jwt += '.';
    codec::base64url_encode(signature, jwt);
    return jwt;
  }
  std::string header() { return "{\"alg\":\"ES256\",\"kid\":\"" + key.kid() + "\"}"; }
  std::string payload(const std::string& jti, const std::string& extra = {}) {
    return "{\"iss\":\"robot\",\"sub\":\"robot\",\"aud\":\"" + std::string(kIssuer) +
           "\",\"exp\":" + std::to_string(now + 60) + ",\"jti\":\"" + jti + "\"" + extra + "}";
  }
  Sent with_assertion(const std::string& jwt, const std::string& extra = {}) {
    return form("&client_assertion_type=" + escaped(kAssertionType) + "&client_assertion=" + jwt + extra);
  }
  void expect_invalid(const std::string& jwt) { expect_refused(bed.send(with_assertion(jwt)), 401, "invalid_client"); }
};

TEST_F(Assertions, AreGoodOnce) {
  const std::string jwt = sign(header(), payload("j1"));
  EXPECT_EQ(bed.send(with_assertion(jwt)).status, 200);
  expect_invalid(jwt);
  EXPECT_EQ(bed.send(with_assertion(sign(header(), payload("j2")), "&client_id=robot")).status, 200);
}

TEST_F(Assertions, OfTwoUsesAtOnceOneIsGood) {
  const Sent sent = with_assertion(sign(header(), payload("race")));
  const auto replies = bed.send_together({sent, sent});
  EXPECT_EQ(std::ranges::count(replies, 200, &Reply::status), 1);
  EXPECT_EQ(std::ranges::count(replies, 401, &Reply::status), 1);
}

TEST_F(Assertions, TakeTheTokenEndpointAndListsAsAudience) {
  const auto with_audience = [&](const std::string& audience, const std::string& jti) {
    return sign(header(), "{\"iss\":\"robot\",\"sub\":\"robot\",\"aud\":" + audience +
                              ",\"exp\":" + std::to_string(now + 60) + ",\"jti\":\"" + jti + "\"}");
  };
  EXPECT_EQ(bed.send(with_assertion(with_audience("\"" + std::string(kIssuer) + "/token\"", "a1"))).status, 200);
  EXPECT_EQ(bed.send(with_assertion(with_audience("[\"x\",\"" + std::string(kIssuer) + "\"]", "a2"))).status, 200);
  for (const char* other : {"\"x\"", "[]", "7", "\"https://idms.alpha.example\"", "[\"x\"]"}) {
    expect_invalid(with_audience(other, "a3"));
  }
}

// RFC 9126 clause 2: issuer, token endpoint and this endpoint; what was made for another one is not good here.
TEST_F(Assertions, TakeTheEndpointThatTheyAreSentToAsAudience) {
  const std::string base(kIssuer);
  int number = 0;
  const auto status_at = [&](const std::string& endpoint, const std::string& audience) {
    const std::string jti = "e" + std::to_string(++number);
    const std::string jwt = sign(header(), "{\"iss\":\"robot\",\"sub\":\"robot\",\"aud\":\"" + audience +
                                               "\",\"exp\":" + std::to_string(now + 60) + ",\"jti\":\"" + jti + "\"}");
    const std::string target = "/idms/v1/alpha" + endpoint;
    return bed.send(post_form(target, "client_assertion_type=" + escaped(kAssertionType) + "&client_assertion=" + jwt))
        .status;
  };
  for (const char* audience : {"", "/token", "/par"}) EXPECT_EQ(status_at("/par", base + audience), 400) << audience;
  for (const char* audience : {"/revoke", "/par/", "/introspect", "/par?x"}) {
    EXPECT_EQ(status_at("/par", base + audience), 401) << audience;
  }
  EXPECT_EQ(status_at("/token", base + "/par"), 401);
}

TEST_F(Assertions, WithoutKidNeedASingleKey) {
  EXPECT_EQ(bed.send(with_assertion(sign("{\"alg\":\"ES256\"}", payload("k1")))).status, 200);
  expect_invalid(sign("{\"alg\":\"ES256\",\"kid\":\"other\"}", payload("k2")));
}

TEST_F(Assertions, WithALongLifeEndFiveMinutesAfterTheyWereMade) {
  const auto lasting = [&](const std::string& jti) {
    return sign(header(), "{\"iss\":\"robot\",\"sub\":\"robot\",\"aud\":\"" + std::string(kIssuer) + "\",\"jti\":\"" +
                              jti + "\",\"iat\":" + std::to_string(now) + ",\"exp\":" + std::to_string(now + 3600) +
                              "}");
  };
  const std::string unused = lasting("l2"), used = lasting("l1");
  EXPECT_EQ(bed.send(with_assertion(used)).status, 200);
  expect_invalid(used);
  bed.clock().advance(Seconds{329});
  EXPECT_EQ(bed.send(with_assertion(lasting("l3"))).status, 200);
  expect_invalid(used);
  bed.clock().advance(Seconds{1});
  expect_invalid(used);
  expect_invalid(unused);
}

TEST_F(Assertions, RefuseEveryDefect) {
  const std::string sub = ",\"sub\":\"robot\",\"aud\":\"" + std::string(kIssuer) + "\"";
  const auto with_dates = [&](const std::string& dates) {
    return sign(header(), "{\"iss\":\"robot\"" + sub + ",\"jti\":\"d\"" + dates + "}");
  };
  expect_invalid(with_dates(""));                                       // no exp
  expect_invalid(with_dates(",\"exp\":" + std::to_string(now - 30)));   // over, leeway included
  expect_invalid(with_dates(",\"exp\":" + std::to_string(now + 331)));  // too far ahead
  // Longer than anybody remembers, counted from when it was made.
  const std::string hour = ",\"exp\":" + std::to_string(now + 3600);
  expect_invalid(with_dates(hour + ",\"iat\":" + std::to_string(now - 330)));
  expect_invalid(with_dates(hour + ",\"iat\":\"now\""));
  expect_invalid(with_dates(",\"exp\":\"soon\""));
  expect_invalid(with_dates(",\"exp\":" + std::to_string(now + 60) + ",\"nbf\":" + std::to_string(now + 31)));
  expect_invalid(with_dates(",\"exp\":" + std::to_string(now + 60) + ",\"iat\":" + std::to_string(now + 31)));
  const std::string exp = ",\"exp\":" + std::to_string(now + 60);
  expect_invalid(sign(header(), "{\"iss\":\"other\"" + sub + exp + ",\"jti\":\"d\"}"));
  expect_invalid(sign(header(), "{\"iss\":\"robot\"" + sub + exp + "}"));  // no jti
  expect_invalid(sign(header(), "{\"iss\":\"robot\"" + sub + exp + ",\"jti\":\"\"}"));
  expect_invalid(sign(header(), "[]"));
  expect_invalid(sign("{\"alg\":\"none\"}", payload("d")));
  expect_invalid(sign("{\"alg\":\"HS256\"}", payload("d")));
  expect_invalid(sign("{\"alg\":\"ES256\",\"crit\":[\"x\"]}", payload("d")));
  expect_invalid(sign("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", payload("d")));  // an access token is none
  std::string forged = sign(header(), payload("d"));
  forged.back() = forged.back() == 'A' ? 'Q' : 'A';
  expect_invalid(forged);
  expect_invalid("a.b");
  expect_invalid("");
  EXPECT_EQ(bed.send(with_assertion(sign("{\"alg\":\"ES256\",\"typ\":\"JWT\"}", payload("fine")))).status, 200);
}

TEST_F(Assertions, NeedTheirTypeAndTheirClient) {
  const std::string jwt = sign(header(), payload("t"));
  expect_refused(bed.send(form("&client_assertion=" + jwt)), 401, "invalid_client");
  expect_refused(bed.send(form("&client_assertion_type=x&client_assertion=" + jwt)), 401, "invalid_client");
  expect_refused(bed.send(form("&client_assertion_type=" + escaped(kAssertionType))), 401, "invalid_client");
  add("server", ClientAuthentication::SecretBasic);
  expect_refused(bed.send(with_assertion(jwt, "&client_id=server")), 400, "invalid_request");
  expect_refused(bed.send(form("&client_id=robot&client_secret=x")), 401, "invalid_client");
}

// Certificates

TEST(ClientCertificate, SelfSignedIsComparedByDigest) {
  Client client;
  client.authentication = ClientAuthentication::SelfSignedTlsClientAuth;
  http::Peer peer;
  EXPECT_TRUE(check_client_certificate(client, peer).failed_with(Code::ClientCertificateWrong));
  peer.certificate_digest.emplace().fill(std::byte{5});
  codec::base64url_encode(*peer.certificate_digest, client.tls_certificate_digest);
  EXPECT_TRUE(check_client_certificate(client, peer));
  peer.certificate_digest->fill(std::byte{6});
  EXPECT_TRUE(check_client_certificate(client, peer).failed_with(Code::ClientCertificateWrong));
}

TEST_F(Authentication, ACertificateOfTheClientsCaWithItsSubject) {  // RFC 8705 clause 2.1
  const auto authority = crypto::CertificateAuthority::make("clients", 0, 4'000'000'000);
  ASSERT_TRUE(authority);
  const crypto::CertificateRequest wanted{.common_name = "gms",
                                          .dns_names = {},
                                          .addresses = {},
                                          .uris = {"urn:server:gms"},
                                          .use = crypto::CertificateUse::Client,
                                          .not_before = 0,
                                          .not_after = 4'000'000'000};
  const auto issued = authority->issue(wanted);
  ASSERT_TRUE(issued);
  const auto certificates = crypto::Certificate::from_pem(issued->certificate_pem);
  ASSERT_TRUE(certificates);
  const crypto::Certificate& certificate = certificates->front();

  ClientDraft draft;
  draft.client_id = "gms";
  draft.authentication = ClientAuthentication::TlsClientAuth;
  draft.may_client_credentials = true;
  draft.tls_subject = certificate.subject();
  draft.is_certificate_bound = true;
  bed.add_client(std::move(draft));
  expect_refused(bed.send(form("&client_id=gms")), 401, "invalid_client");  // no certificate
  bed.peer().certificate_der = as_text(certificate.der());
  bed.peer().certificate_digest = crypto::sha256(certificate.der());
  expect_refused(bed.send(form("&client_id=gms")), 401, "invalid_client");  // of nobody we trust
  bed.peer().is_certificate_trusted = true;
  EXPECT_EQ(bed.send(form("&client_id=gms")).status, 200);
  expect_refused(bed.send(form("&client_id=gms&client_secret=x")), 401, "invalid_client");

  ClientChange change;
  change.tls_subject = "CN=other";
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "gms", change)));
  expect_refused(bed.send(form("&client_id=gms")), 401, "invalid_client");
  change.tls_subject = "san:urn:server:gms";
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "gms", change)));
  EXPECT_EQ(bed.send(form("&client_id=gms")).status, 200);
  change.tls_subject = "san:urn:server";
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "gms", change)));
  expect_refused(bed.send(form("&client_id=gms")), 401, "invalid_client");
}

}  // namespace
}  // namespace claviger::identity
