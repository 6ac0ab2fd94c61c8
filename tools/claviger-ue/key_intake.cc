#include "tools/claviger-ue/key_intake.h"

#include <algorithm>

#include "core/codec/hex.h"
#include "tools/claviger-ue/key_ring.h"

namespace claviger::ue {
namespace {

// First of all and for good: the sets that come with them may be no good.
Result<Unit> drop_revoked(Vault& vault, Journal& journal, const KmsResponse& response) {
  KeyRing ring(vault);
  for (const KeySet& set : response.key_sets) {
    if (!set.is_revoked) continue;
    ring.drop(set);
    journal.detail("period " + std::to_string(set.period) + ": REVOKED, no longer kept");
  }
  const bool is_any = std::ranges::any_of(response.key_sets, &KeySet::is_revoked);
  return is_any ? vault.save() : Result<Unit>(Unit{});
}

// Of a certificate that is not here nobody can tell what period it is: such a set is of no use and counts as meant.
bool is_meant(const KeyRing& ring, const KeySet& set, const RevokedKeys& revoked) {
  if (set.kms_uri != revoked.kms_uri) return false;
  const auto certificate = ring.find_certificate(set.cert_uri, set.kms_uri);
  if (!certificate) return true;
  const auto periods = mikey::KeyPeriods::make(certificate->period, certificate->offset);
  if (!periods) return true;
  const auto time = mikey::to_ntp(std::chrono::sys_seconds(std::chrono::seconds(revoked.unix_time)));
  if (!time) return true;
  const auto asked = periods->number_at(*time);
  if (!asked) return true;
  return revoked.is_one_period ? set.period == *asked : set.period >= *asked;
}

}  // namespace

Result<std::size_t> take_key_sets(Vault& vault, Journal& journal, const KmsResponse& response) {
  CLAVIGER_TRY(dropped, drop_revoked(vault, journal, response));
  KeyRing ring(vault);
  std::size_t good = 0;
  for (const KeySet& set : response.key_sets) {
    if (set.is_revoked) continue;
    const auto certificate = ring.find_certificate(set.cert_uri, set.kms_uri);
    if (!certificate) return Error{Code::KmsUnknown, "keys.certificate"};
    CLAVIGER_TRY(checked, check_key_set(set, *certificate));
    CLAVIGER_TRY(kept, ring.keep(set));
    ++good;
    journal.step("checked the keys of period " + std::to_string(set.period) + " (pairing, ECCSI)");
    std::string uid;
    codec::hex_encode(Bytes(set.user_id).first(8), uid);
    journal.detail(set.user_uri + ", UID " + uid + "..., " +
                   (set.was_wrapped ? "wrapped under the TrK" : "not wrapped"));
  }
  if (!response.key_sets.empty()) {
    const KeySet& last = response.key_sets.back();
    ring.drop_old(last.user_uri, last.cert_uri, last.period);
  }
  return good;
}

Result<std::size_t> forget_key_sets(Vault& vault, const RevokedKeys& revoked) {
  KeyRing ring(vault);
  std::size_t count = 0;
  for (const KeySet& set : ring.key_sets(revoked.user_uri)) {
    if (!is_meant(ring, set, revoked)) continue;
    ring.drop(set);
    ++count;
  }
  if (count == 0) return count;
  CLAVIGER_TRY(saved, vault.save());
  return count;
}

}  // namespace claviger::ue
