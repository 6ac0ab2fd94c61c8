#include "core/crypto/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/codec/base64url.h"
#include "core/crypto/certificate_authority.h"
#include "core/crypto/credential.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

constexpr std::int64_t kFrom = 1'700'000'000;
constexpr std::int64_t kTo = 1'800'000'000;

CertificateAuthority authority() {
  auto made = CertificateAuthority::make("Test CA", kFrom, kTo);
  CLAVIGER_ASSERT(made.has_value());
  return *std::move(made);
}

CertificateRequest request() {
  CertificateRequest asked;
  asked.common_name = "alpha, inc.";
  asked.dns_names = {"localhost", "alpha.example"};
  asked.addresses = {"127.0.0.1", "::1"};
  asked.uris = {"urn:example:ue:1,dns:evil"};
  asked.not_before = kFrom;
  asked.not_after = kTo;
  return asked;
}

TEST(Certificate, PublishedThumbprint) {
  const auto vector = object_at(vectors(), "mtls_x5t");
  const auto text = *vector.string_at("cert_der_b64");
  std::vector<std::byte> der(codec::base64_decoded_size_max(text.size()));
  der.resize(*codec::base64_decode(text, der));
  const auto certificate = Certificate::from_der(der);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->x5t_s256(), *vector.string_at("x5t#S256"));
  EXPECT_EQ(x5t_s256(der), *vector.string_at("x5t#S256"));
  EXPECT_EQ(certificate->subject(), "CN=mc-client-1.example");
  EXPECT_TRUE(certificate->is_ca());
  EXPECT_TRUE(certificate->public_key());

  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_TRUE(Certificate::from_der(Bytes(der).first(size)).failed_with(Code::CertificateInvalid));
  }
  der.push_back(std::byte{0});
  EXPECT_TRUE(Certificate::from_der(der).failed_with(Code::CertificateInvalid));
}

TEST(CertificateAuthority, IssuesWhatWasAskedFor) {
  const CertificateAuthority ca = authority();
  const auto issued = ca.issue(request());
  ASSERT_TRUE(issued);
  const auto credential = Credential::load(issued->certificate_pem, issued->private_key_pem.reveal());
  ASSERT_TRUE(credential);
  const Certificate& leaf = credential->leaf();
  EXPECT_EQ(leaf.subject(), "CN=alpha\\, inc.");
  EXPECT_EQ(leaf.issuer(), "CN=Test CA");
  EXPECT_EQ(leaf.not_before(), kFrom);
  EXPECT_EQ(leaf.not_after(), kTo);
  EXPECT_TRUE(leaf.is_valid_at(kFrom) && leaf.is_valid_at(kTo));
  EXPECT_FALSE(leaf.is_valid_at(kFrom - 1) || leaf.is_valid_at(kTo + 1));
  EXPECT_FALSE(leaf.is_ca());
  EXPECT_TRUE(leaf.allows_server());
  EXPECT_FALSE(leaf.allows_client());
  EXPECT_EQ(leaf.dns_names(), request().dns_names);
  EXPECT_EQ(leaf.addresses(), request().addresses);
  EXPECT_EQ(leaf.uris(), request().uris);  // one name, comma and all

  const auto ca_certificate = Certificate::from_pem(ca.certificate_pem());
  ASSERT_TRUE(ca_certificate);
  EXPECT_TRUE(ca_certificate->front().is_ca());
  EXPECT_EQ(X509_verify(leaf.x509(), X509_get0_pubkey(ca_certificate->front().x509())), 1);
  EXPECT_EQ(X509_verify(ca_certificate->front().x509(), X509_get0_pubkey(ca_certificate->front().x509())), 1);
}

TEST(CertificateAuthority, ItsChainIsAccepted) {
  const CertificateAuthority ca = authority();
  const auto trusted = Certificate::from_pem(ca.certificate_pem());
  for (const auto use : {CertificateUse::Server, CertificateUse::Client, CertificateUse::ServerAndClient}) {
    CertificateRequest asked = request();
    asked.use = use;
    const auto issued = ca.issue(asked);
    const auto leaf = Certificate::from_pem(issued->certificate_pem);
    for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
      X509_STORE* store = X509_STORE_new();
      X509_STORE_add_cert(store, trusted->front().x509());
      X509_STORE_CTX* context = X509_STORE_CTX_new();
      X509_STORE_CTX_init(context, store, leaf->front().x509(), nullptr);
      X509_STORE_CTX_set_purpose(context, purpose);
      X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
      X509_STORE_CTX_set_time(context, 0, kFrom + 1);
      const bool wanted = use == CertificateUse::ServerAndClient ||
                          (use == CertificateUse::Server) == (purpose == X509_PURPOSE_SSL_SERVER);
      EXPECT_EQ(X509_verify_cert(context), wanted ? 1 : 0)
          << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
      X509_STORE_CTX_free(context);
      X509_STORE_free(store);
    }
  }
}

TEST(CertificateAuthority, ReadsItselfBack) {
  const CertificateAuthority ca = authority();
  const auto key = ca.private_key_pem();
  ASSERT_TRUE(key);
  const auto back = CertificateAuthority::load(ca.certificate_pem(), key->reveal());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->certificate_pem(), ca.certificate_pem());
  EXPECT_TRUE(back->issue(request()));
  const auto issued = ca.issue(request());
  EXPECT_TRUE(CertificateAuthority::load(issued->certificate_pem, issued->private_key_pem.reveal())
                  .failed_with(Code::CertificateInvalid));
}

TEST(CertificateAuthority, RefusesNamesThatCannotStand) {
  const CertificateAuthority ca = authority();
  const auto refused = [&](auto change) {
    CertificateRequest asked = request();
    change(asked);
    return ca.issue(asked).failed_with(Code::BadValue);
  };
  EXPECT_TRUE(refused([](auto& asked) { asked.common_name = ""; }));
  EXPECT_TRUE(refused([](auto& asked) { asked.common_name = std::string(65, 'n'); }));
  EXPECT_TRUE(refused([](auto& asked) { asked.dns_names = {""}; }));
  EXPECT_TRUE(refused([](auto& asked) { asked.dns_names = {std::string("a\0b", 3)}; }));
  EXPECT_TRUE(refused([](auto& asked) { asked.dns_names = {"m\xC3\xBC.example"}; }));
  EXPECT_TRUE(refused([](auto& asked) { asked.uris = {"urn:a b"}; }));
  EXPECT_TRUE(refused([](auto& asked) { asked.addresses = {"127.0.0"}; }));
  EXPECT_TRUE(refused([](auto& asked) { asked.not_after = asked.not_before; }));
}

TEST(Credential, RefusesWhatDoesNotBelongTogether) {
  const CertificateAuthority ca = authority();
  const auto one = ca.issue(request());
  const auto two = ca.issue(request());
  EXPECT_TRUE(Credential::load(one->certificate_pem, two->private_key_pem.reveal()).failed_with(Code::KeyUse));
  EXPECT_TRUE(Credential::load("", one->private_key_pem.reveal()).failed_with(Code::CertificateInvalid));
  EXPECT_TRUE(Credential::load(one->certificate_pem, as_bytes("no key")).failed_with(Code::KeyMalformed));
  EXPECT_TRUE(Credential::load(one->certificate_pem, {}).failed_with(Code::KeyMalformed));
  const auto chain = Credential::load(one->certificate_pem + ca.certificate_pem(), one->private_key_pem.reveal());
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->chain().size(), 2U);
  EXPECT_EQ(chain->chain()[1].subject(), "CN=Test CA");
}

TEST(Certificate, PemMayHoldOtherBlocksAndText) {
  const CertificateAuthority ca = authority();
  const std::string one = ca.certificate_pem();
  EXPECT_EQ(Certificate::from_pem("")->size(), 0U);
  EXPECT_EQ(Certificate::from_pem("words\n" + one + "words\n" + one)->size(), 2U);
  EXPECT_EQ(Certificate::from_pem(std::string(as_text(ca.private_key_pem()->reveal())) + one)->size(), 1U);
  for (std::size_t size = 30; size + 30 < one.size(); size += 11) {
    EXPECT_TRUE(Certificate::from_pem(one.substr(0, size)).failed_with(Code::CertificateInvalid)) << size;
  }
  std::string broken = one;
  broken[100] = broken[100] == 'A' ? 'B' : 'A';
  static_cast<void>(Certificate::from_pem(broken));  // whatever it is, no crash
}

}  // namespace
}  // namespace claviger::crypto
