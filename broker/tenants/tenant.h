// A tenant: one agency or MC system, one issuer, its own keys, users and clients. No tenant sees another's.
//
// The record lives in tables::kTenants; every shard reads the published Snapshot (broker/snapshot.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/signature_algorithm.h"

namespace claviger::tenants {

// [a-z0-9-]{1,32}, starts with a letter: it stands in the issuer's path and at the front of every key.
bool is_tenant_name(std::string_view name);

struct Tenant {
  std::string name;
  std::string display_name;   // on the login page
  std::string issuer;         // exact; "<public_origin>/idms/v1/<name>" unless given
  bool is_enabled = true;
  crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::Es256;
  // The resource server a scope opens: `aud` of the access token (spec: TS 33.180 table B.4.2.2-1, product decision).
  std::map<std::string, std::string, std::less<>> scope_audiences;
  std::string default_audience;  // for tokens whose scopes name no resource server
  std::uint64_t version = 0;     // of the record; not stored in it
};

// The MC scopes of TS 33.180 with audiences `<issuer>/servers/<service>`, as a new tenant has them.
std::map<std::string, std::string, std::less<>> default_scope_audiences(std::string_view issuer);

}  // namespace claviger::tenants
