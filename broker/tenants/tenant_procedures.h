// Adding and changing tenants. Home: shard 0, where every change of the snapshot is made, one after another.
//
// Codes: BadValue (name, issuer), Duplicate (there is one of that name or issuer), NotFound, what the store says.
// Each returns only after the new snapshot has reached every shard.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/snapshot_publisher.h"
#include "broker/tenants/tenant.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::tenants {

struct TenantDraft {
  std::string name;
  std::string display_name;      // empty: the name
  std::string issuer;            // empty: <public_origin>/idms/v1/<name>
  std::string default_audience;  // empty: <issuer>/servers/default
  crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::Es256;
};

// Creates the tenant with its first signing key, active at once.
runtime::Task<Result<Tenant>> add_tenant(broker::Context* context, TenantDraft draft);

struct TenantChange {
  std::optional<std::string> display_name;
  std::optional<bool> is_enabled;
  std::optional<std::string> default_audience;
  std::optional<std::pair<std::string, std::string>> scope_audience;  // scope, audience; empty audience: removed
};
runtime::Task<Result<Tenant>> change_tenant(broker::Context* context, std::string name, TenantChange change);

// All tenants with their keys, for the next snapshot. Corrupt, SealBroken: then the old snapshot stays.
runtime::Task<Result<broker::TenantViews>> load_tenants(broker::Context* context);
// From the snapshot of the asking shard: enabled or not.
std::vector<Tenant> list_tenants(const broker::Snapshot& snapshot);

}  // namespace claviger::tenants
