// The CAPIF core function that a tenant's key management server belongs to as an API exposing function (TS 23.222,
// TS 33.122): whose tokens are taken on KM-S, and what was agreed with it.
//
// Record of tables::kInstallation, key "capif" + tenant. Changed on the home shard (capif.h), read on every shard as a
// CapifView. Values, any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/seal_keys/access_control_policy.h"
#include "broker/tokens/verifier/key_set.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "storage/value.h"

namespace claviger::seal_keys {

inline constexpr std::string_view kApiName = "ss-kir";
// Of an AEF ID and of an API invoker ID: an identifier of some dozen characters, or a URI.
inline constexpr std::size_t kCapifIdBytesMax = 255;

struct CapifCore {
  std::string issuer;  // who signs invokers' tokens
  std::string jwks;    // with these keys
  std::string aef_id;  // ours, as scopes name it
  std::vector<std::string>
      open_services;      // VAL services whose keys every invoker that the core function authorised may have
  std::string core_name;  // of the core function's certificate: CN or a subject alternative name; empty: none
  bool requires_certificate = false;  // of invokers (TS 33.122 method 2; TS 33.434 clause 5.1.1.8)
  std::string url;                    // its API root; empty: nothing is registered, published or logged there
  std::string ca_pem;                 // its TLS certificates chain to it, both ways; empty: the system's
  std::string invoker_ca_pem;         // API invokers' certificates chain to it; empty: to whatever the listener trusts
  std::string sealed_enrolment;       // bearer token for its APIs; storage/sealing.h, under the record's key
  std::int64_t created_at = 0;
  // What it answered when we registered and published; empty: not done yet.
  std::string provider_id, apf_id, assigned_aef_id, service_api_id;
  bool logs_invocations = false;
  bool looks_up_invokers = false;                // asks it of each invoker (invoker_lookup.h)
  PolicyMode policy_mode = PolicyMode::Ignored;  // of its access control policy (policy_guard.h)
  std::string subscription;                      // to its notices of changed policies, as it named it; empty: none
  std::uint64_t version = 0;                     // of the record; not stored in it

  bool is_our_aef(std::string_view id) const {
    return id == aef_id || (!assigned_aef_id.empty() && id == assigned_aef_id);
  }
  // Whether our API is one of these. What we did not publish has an identifier that we do not know: any may be it.
  bool may_be_our_api(const std::vector<std::string>& ids) const {
    const auto is_ours = [this](const std::string& id) { return id == kApiName || id == service_api_id; };
    return service_api_id.empty() || std::ranges::any_of(ids, is_ours);
  }
};

// What an operator says of it.
struct CapifDraft {
  std::string issuer;
  std::string jwks;
  std::string aef_id;
  std::vector<std::string> open_services;
  std::string core_name;
  bool requires_certificate = false;
  std::string url;
  std::string ca_pem;
  std::string invoker_ca_pem;
  SecretBytes enrolment;
  bool logs_invocations = false;
  bool looks_up_invokers = false;
  PolicyMode policy_mode = PolicyMode::Ignored;
};

struct CapifView {
  CapifCore core;
  std::shared_ptr<const tokens::KeySet> keys;
};
using CapifRef = std::shared_ptr<const CapifView>;

std::string capif_core_key(std::string_view tenant);
std::string encode_capif_core(const CapifCore& core);
// Corrupt, SchemaTooNew.
Result<CapifCore> decode_capif_core(const storage::Value& value, std::string_view tenant);

// BadValue with what is wrong; without enrolment and what the core function says.
Result<CapifCore> core_of(const CapifDraft& draft);
// A JWKS (milliseconds with RSA keys: off the loop). PartnerKeysMissing without a key that can verify, KeyPublished for one
// out of a standard's examples.
Result<CapifRef> view_of(CapifCore core);

}  // namespace claviger::seal_keys
