// Signing keys of a tenant: made, published ahead, activated, retired, revoked. Home: shard 0 (snapshot changes).
//
// A tenant always has an active key, which signs, and a next one, which is published so that every verifier has it long
// before it signs. `rotate` activates the next key and makes a new next; the old active key retires: it verifies until
// the longest token it signed has expired. `revoke` removes a key from one moment to the next: every token it signed is
// refused everywhere.
//
// Record of tables::kSigningKeys, key tenant + kid, private part sealed.
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

// How long a key verifies after it stopped signing: the longest token life that settings.h allows, and the leeway.
inline constexpr Seconds kRetiringMax{3600 + 60};
// In place of a kid (which has 43 characters): the key that signs now.
inline constexpr std::string_view kActiveKey = "active";

struct KeyInfo {
  std::string kid;
  crypto::SignatureAlgorithm algorithm;
  KeyState state;
  std::int64_t created_at;
  std::int64_t changed_at;
};

// Off the loop: an RSA key takes a tenth of a second.
runtime::Task<Result<std::vector<std::shared_ptr<const crypto::SigningKey>>>> generate_keys(
    broker::Context* context, crypto::SignatureAlgorithm algorithm, std::size_t count);
// Puts a key into a transaction, sealed. CryptoFailure.
Result<Unit> put_key(broker::Context& context, storage::Transaction& transaction, std::string_view tenant,
                     const crypto::SigningKey& key, KeyState state);

// All keys that the snapshot holds, newest first.
std::vector<KeyInfo> list_keys(const broker::TenantView& tenant);
// The key that signs from now on. NotFound (tenant).
runtime::Task<Result<KeyInfo>> rotate_keys(broker::Context* context, std::string tenant);
// NotFound (tenant or key). The active key's place is taken by the next. `kid` may be kActiveKey: the emergency rotation.
// When it returns, every shard refuses all that the key signed, and the feed tells the embedded verifiers.
runtime::Task<Result<KeyInfo>> revoke_key(broker::Context* context, std::string tenant, std::string kid);

// A tenant's keys from the store, those whose time is over left out. What the present snapshot already has is not opened
// again. Corrupt, SealBroken, KeyPublished (a key out of a standard's examples).
runtime::Task<Result<std::shared_ptr<const TenantKeys>>> load_tenant_keys(broker::Context* context, std::string tenant,
                                                                          std::string issuer);

}  // namespace claviger::tokens
