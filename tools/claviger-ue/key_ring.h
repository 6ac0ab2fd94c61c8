// The keys of a user's client, in his vault: KMS certificates, key sets by period, TrK and InK (TS 33.180 clauses 5.2, 5.3,
// D.1). What comes in is checked before it is kept: UIDs recomputed, RSKs by pairing (RFC 6508 clause 6.1.2), SSKs with
// their PVT (RFC 6507 clause 5.1.2).
//
// Names in the vault: "kms/cert/...", "kms/set/...", "kms/trk", "kms/ink", "kms/cache". A view of the vault, which outlives
// it; saving is the caller's. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/mikey/i_message.h"
#include "tools/claviger-ue/kms_message.h"
#include "tools/claviger-ue/vault.h"

namespace claviger::ue {

// Periods behind the present one whose keys stay: what was sent before the boundary still opens.
inline constexpr std::uint64_t kPeriodsKept = 2;

// KmsCertificateInvalid, KeyNotOnCurve, KeyMalformed, OutOfRange.
Result<mikey::KmsDomain> domain_of(const KmsCertificate& certificate);
// Everything that the keys claim, against the certificate: KeyType when they are another's.
Result<Unit> check_key_set(const KeySet& set, const KmsCertificate& certificate);

class KeyRing {
 public:
  explicit KeyRing(Vault& vault) : vault_(vault) {}

  // Replaces the one of the same CertUri.
  Result<Unit> keep(const KmsCertificate& certificate);
  std::vector<KmsCertificate> certificates() const;
  // By CertUri, or the newest of the KMS URI that is not revoked.
  std::optional<KmsCertificate> find_certificate(std::string_view cert_uri, std::string_view kms_uri) const;
  // Whose KmsDomainList has the domain of the URI; nothing when none has.
  std::optional<KmsCertificate> certificate_for(std::string_view user_uri) const;

  Result<Unit> keep(const KeySet& set);
  std::vector<KeySet> key_sets(std::string_view user_uri) const;
  // The one of the same user, period and certificate, if it is here.
  void drop(const KeySet& set);
  // Those before `period` by more than kPeriodsKept go.
  void drop_old(std::string_view user_uri, std::string_view cert_uri, std::uint64_t period);

  // `kind`: "trk" or "ink". No id: none.
  SharedKey shared_key(std::string_view kind) const;
  Result<Unit> keep_shared_key(std::string_view kind, const SharedKey& key);

  std::string cache_number() const { return std::string(vault_.text("kms/cache")); }
  Result<Unit> keep_cache_number(std::uint64_t number) { return vault_.put_text("kms/cache", std::to_string(number)); }

 private:
  Vault& vault_;
};

}  // namespace claviger::ue
