// What operators do to a KMS domain: make it, change its policy, rotate and revoke its keys.
//
// Called on any shard; each runs on the home of domains (Kms::home) under its turn and returns when every shard has it.
// Codes: KmsTaken (the tenant has a KMS already), KmsUnknown, UriPathInvalid, BadValue (`where` says which member),
// TooMany, Conflict; what the store and sealing say.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/keys/kms.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::keys {

// What is named; everything else stays. is_uid_hex_text is for a new domain only.
struct PolicyChange {
  std::optional<std::vector<std::string>> scopes;
  std::optional<WrapMode> wrap_mode;
  std::optional<bool> is_cipher_hex, is_user_id_base64, is_uid_hex_text, needs_signature, needs_transport_key,
      is_time_lenient;
  std::optional<std::int64_t> retained_periods, early_percent;
  std::optional<std::vector<std::string>> domains;
};

struct DomainDraft {
  std::string kms_uri;
  std::string cert_uri;  // empty: the KMS URI and the generation
  std::string issuer;
  KeyPeriods periods;
  std::vector<std::string> domains;
  std::int64_t valid_from = 0;  // 0: now
  std::int64_t valid_to = 0;    // 0: ten years later
  DomainPolicy policy;
  PolicyChange change;  // of that policy, in force from the first moment; its domains are not looked at
  std::shared_ptr<const SecretBytes> secrets;  // of a domain that is brought along; null: drawn
};

runtime::Task<Result<DomainRef>> init_domain(Kms* kms, std::string tenant, DomainDraft draft);
// The present secrets in shares (core/crypto/secret_shares.h), for custody or another installation. KmsSealed, OutOfRange.
Result<std::vector<SecretBytes>> share_domain(const LoadedDomain& domain, std::size_t threshold, std::size_t count);

runtime::Task<Result<DomainRef>> set_policy(Kms* kms, std::string tenant, PolicyChange change);
// New secrets and another CertUri from now on. `is_compromised`: nothing of the former ones is given any more, and the
// certificate cache says so.
runtime::Task<Result<DomainRef>> rotate_domain(Kms* kms, std::string tenant, bool is_compromised);
// The newest domain is done with, and no other takes its place: keys are refused until a rotation.
runtime::Task<Result<DomainRef>> revoke_domain(Kms* kms, std::string tenant);

}  // namespace claviger::keys
