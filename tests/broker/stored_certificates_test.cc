#include "broker/stored_certificates.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/administration/acm_records.h"
#include "broker/exchange/peer_procedures.h"
#include "broker/identity/authenticators/outside_verifier.h"
#include "broker/migration/agreement.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/crypto/certificate_authority.h"
#include "tests/broker/identity/authenticators/sealing_bed.h"

namespace claviger::broker {
namespace {

constexpr std::int64_t kLongAgo = 1'600'000'000;
constexpr std::int64_t kFarAhead = 4'000'000'000;
constexpr std::int64_t kEnd = 2'000'000'000;

struct StoredCertificates : ::testing::Test {
  identity::SealingBed bed;
  const crypto::CertificateAuthority authority =
      *crypto::CertificateAuthority::make("an authority", kLongAgo, kFarAhead);

  crypto::IssuedCertificate issued(std::int64_t until) const {
    crypto::CertificateRequest request;
    request.common_name = "ours";
    request.dns_names = {"ours.example"};
    request.use = crypto::CertificateUse::Client;
    request.not_before = kLongAgo;
    request.not_after = until;
    return *authority.issue(request);
  }
  void put(storage::TableId table, const std::string& key, const std::string& value) {
    storage::Transaction change;
    change.put(table, key, as_bytes(value));
    ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(change))));
  }
  void put_agreement(const std::string& system, std::string own, std::string authorities = {}) {
    migration::Agreement agreement;
    agreement.system = system;
    agreement.certificate_pem = std::move(own);
    agreement.ca_pem = std::move(authorities);
    put(tables::kAgreements, migration::agreement_key("alpha", system), migration::encode_agreement(agreement));
  }
  std::vector<CertificateDate> dates() { return bed.wait(stored_certificate_dates(bed.context())); }
};

TEST_F(StoredCertificates, AreOfAllThatOperatorsGave) {
  EXPECT_TRUE(dates().empty());
  put_agreement("bravo.example", issued(kEnd + 2).certificate_pem, authority.certificate_pem());
  put_agreement("charlie.example", {});
  put_agreement("delta.example", "no certificate");
  administration::AcmPartner partner;
  partner.system = "bravo.example";
  partner.certificate_pem = issued(kEnd + 1).certificate_pem;
  put(tables::kAcmClients, record_key({"alpha", "partner", partner.system}), administration::encode(partner));
  exchange::Identity own;
  own.chain_pem = issued(kEnd).certificate_pem + authority.certificate_pem();
  put(tables::kKmsPeers, exchange::identity_key("alpha"), exchange::encode_identity(own));
  exchange::Peer peer;
  peer.kms_uri = "kms.bravo.example";
  peer.ca_pem = authority.certificate_pem();
  put(tables::kKmsPeers, exchange::peer_key("alpha", peer.kms_uri), exchange::encode_peer(peer));
  identity::OutsideVerifier verifier;
  verifier.url = "https://verifier.example/";
  const crypto::IssuedCertificate shown = issued(kEnd + 3);
  verifier.certificate_pem = shown.certificate_pem;
  verifier.key_pem = SecretBytes(shown.private_key_pem.reveal());
  verifier.ca_pem = authority.certificate_pem();
  ASSERT_TRUE(bed.wait(identity::write_verifier(bed.context(), "alpha", std::move(verifier))));

  const auto found = dates();
  ASSERT_EQ(found.size(), 7U);
  const std::vector<std::pair<std::string, std::int64_t>> wanted{{"kms identity of alpha", kEnd},
                                                                 {"acm partner bravo.example of alpha", kEnd + 1},
                                                                 {"agreement bravo.example of alpha", kEnd + 2},
                                                                 {"verifier of alpha", kEnd + 3}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(found[i].file, wanted[i].first);
    EXPECT_EQ(found[i].not_after, wanted[i].second);
    EXPECT_EQ(found[i].what, Dated::Certificate);
  }
  std::vector<std::string> authorities;
  for (std::size_t i = wanted.size(); i < found.size(); ++i) {
    EXPECT_EQ(found[i].what, Dated::Authorities);
    EXPECT_EQ(found[i].not_after, kFarAhead);
    authorities.push_back(found[i].file);
  }
  std::ranges::sort(authorities);
  EXPECT_EQ(authorities, (std::vector<std::string>{"agreement bravo.example of alpha",
                                                   "kms peer kms.bravo.example of alpha", "verifier of alpha"}));
  EXPECT_EQ(warning_of(found[0], kEnd - 5 * 86'400), "kms identity of alpha: the certificate ends in 5 days");
}

// However many there are: those that end first are shown, in order.
TEST_F(StoredCertificates, OfManyTheFirstToEndAreShown) {
  const std::string late = issued(kEnd).certificate_pem;
  const std::string soon = issued(kEnd - 1).certificate_pem;
  constexpr std::size_t kRows = 3 * kStoredShownMax;
  for (std::size_t i = 0; i < kRows; ++i) {
    put_agreement("system" + std::to_string(i) + ".example", i % 19 == 18 ? soon : late);
  }
  const auto found = dates();
  ASSERT_EQ(found.size(), kStoredShownMax);
  EXPECT_TRUE(std::ranges::is_sorted(found, {}, &CertificateDate::not_after));
  const auto soon_ones = std::ranges::count(found, kEnd - 1, &CertificateDate::not_after);
  EXPECT_EQ(soon_ones, static_cast<std::ptrdiff_t>(kRows / 19));
}

}  // namespace
}  // namespace claviger::broker
