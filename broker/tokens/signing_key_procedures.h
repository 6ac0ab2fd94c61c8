// Signing keys of a tenant: made, published ahead, activated, retired, revoked. Home: shard 0 (snapshot changes).
//
// Rotation with overlap: `rotate` activates the next key (already published) or, when there is none or at once is asked
// for, a fresh one; the old active key retires and verifies until the longest token's end. `revoke` removes a key from
// one second to the next: every token it signed is refused everywhere.
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/tokens/tenant_keys.h"
#include "core/base/result.h"
#include "core/crypto/signature_algorithm.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::tokens {

// What a key's change costs: retiring keys verify this long after they stopped signing (longest token life + leeway).
inline constexpr Seconds kRetiringMax{3600 + 60};

struct KeyInfo {
  std::string kid;
  crypto::SignatureAlgorithm algorithm;
  KeyState state;
  std::int64_t created_at;
  std::int64_t changed_at;
};

// Puts a fresh key into the transaction that makes its tenant; returns its kid.
Result<std::string> add_first_key(broker::Context& context, storage::Transaction& transaction, std::string_view tenant,
                                  crypto::SignatureAlgorithm algorithm);
// All keys that the snapshot of this shard holds.
std::vector<KeyInfo> list_keys(const broker::TenantView& tenant);
// Publishes a fresh key as `next`, to be activated by a later rotate.
runtime::Task<Result<KeyInfo>> prepare_key(broker::Context* context, std::string tenant);
runtime::Task<Result<KeyInfo>> rotate_keys(broker::Context* context, std::string tenant);
runtime::Task<Result<KeyInfo>> revoke_key(broker::Context* context, std::string tenant, std::string kid);

// Reads a tenant's keys from the store and opens them; drops retired ones whose time is over from the result.
runtime::Task<Result<std::shared_ptr<const TenantKeys>>> load_tenant_keys(broker::Context* context, std::string tenant);

}  // namespace claviger::tokens
