// The KMS certificate of another domain (TS 33.180 clauses 5.3.1, D.3.2.2), as an operator has it: fetched or brought, then
// admitted by its fingerprint, then served to our users in the certificate cache as External.
//
// Record of tables::kKmsCertificates, key tenant + KMS URI + CertUri + "admitted" or "pending". A pending one changes
// nothing. One that is revoked stays in the cache with Revoked=true until its ValidTo. Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/keys/domain.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::keys {

// Of one tenant: partners, and a few former certificates of each.
inline constexpr std::size_t kExternalMax = 512;
// A certificate has some 1.5 kB, 64 names of domains among it, and its signature with a chain some more.
inline constexpr std::size_t kCertificateDocumentMax = 256 * 1024;

struct ExternalCertificate {
  Domain certificate;  // without secrets and policy; state Active or Revoked
  bool is_admitted = false;
  std::string signer;  // subject of who signed the document; empty: it came unsigned, in an operator's hands
  std::int64_t fetched_at = 0;
  std::int64_t admitted_at = 0;
  std::uint64_t version = 0;  // of the record; not stored in it
};

std::string external_prefix(std::string_view tenant);
std::string external_key(std::string_view tenant, const ExternalCertificate& certificate);
std::string encode_external(const ExternalCertificate& certificate);
// `key` as external_key() made it.
Result<ExternalCertificate> decode_external(const storage::Value& value, std::string_view key);

// <KmsCertificate> as D.3.2.2 has it. KmsCertificateInvalid: a member missing or of another shape, points off their
// curves, another format of user identifiers or parameter set; what the guard of XML says.
Result<Domain> read_kms_certificate(std::string_view xml);

// SHA-256, in hex, of all that makes two certificates the same for their users; both operators see it, and compare.
std::string fingerprint_of(const Domain& certificate);

}  // namespace claviger::keys
