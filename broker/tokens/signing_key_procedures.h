// Signing keys of a tenant: made, imported, published ahead, activated, retired, revoked. Home: shard 0 (snapshot changes).
//
// A tenant always has an active key, which signs, and a next one, which is published so that every verifier has it long
// before it signs. `rotate` activates the next key and makes a new next; the old active key retires: it verifies until
// the longest token it signed has expired. `revoke` removes a key from one moment to the next: every token it signed is
// refused everywhere. `import` takes a key from outside as the next one.
//
// A key's private part lies sealed in its record, or in the PKCS #11 token, where the record names it by its label. A next
// key is made where the one lives that goes before it.
//
// Record of tables::kSigningKeys, key tenant + kid.
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/tokens/tenant_keys.h"
#include "broker/tokens/token_life.h"
#include "core/base/result.h"
#include "core/crypto/signature_algorithm.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::tokens {

// How long a key verifies after it stopped signing: the longest life that a token may have, and the leeway.
inline constexpr Seconds kRetiringMax{kAccessTokenLifeMax + Seconds{60}};
// In place of a kid (which has 43 characters): the key that signs now.
inline constexpr std::string_view kActiveKey = "active";

struct KeyInfo {
  std::string kid;
  crypto::SignatureAlgorithm algorithm;
  KeyState state;
  std::int64_t created_at;
  std::int64_t changed_at;
  std::string stored_as;  // label in the PKCS #11 token; empty: sealed in the store
};

// Off the loop: an RSA key takes a tenth of a second.
runtime::Task<Result<std::vector<std::shared_ptr<const crypto::SigningKey>>>> generate_keys(
    broker::Context* context, crypto::SignatureAlgorithm algorithm, std::size_t count);
// Puts a key into a transaction, sealed. CryptoFailure.
Result<Unit> put_key(broker::Context& context, storage::Transaction& transaction, std::string_view tenant,
                     const crypto::SigningKey& key, KeyState state);

// The next key from now on, in place of the one that was: nothing was signed with that. KeyType: not the tenant's
// algorithm; Duplicate: some tenant has it already; KeyUse: it was revoked once; KeyPublished; errors of SigningKey.
runtime::Task<Result<KeyInfo>> import_key(broker::Context* context, std::string tenant, SecretBytes pkcs8);
// The same with a key that is in the PKCS #11 token. KeyStoreMissing: or there is no token; errors of pkcs11::Session.
runtime::Task<Result<KeyInfo>> import_stored_key(broker::Context* context, std::string tenant, std::string label);

// All keys that the snapshot holds, newest first.
std::vector<KeyInfo> list_keys(const broker::TenantView& tenant);
// The key that signs from now on. NotFound (tenant).
runtime::Task<Result<KeyInfo>> rotate_keys(broker::Context* context, std::string tenant);
// NotFound (tenant or key). The active key's place is taken by the next. `kid` may be kActiveKey: the emergency rotation.
// When it returns, every shard refuses all that the key signed, and the feed tells the embedded verifiers.
runtime::Task<Result<KeyInfo>> revoke_key(broker::Context* context, std::string tenant, std::string kid);
// A tenant that has no next key (the PKCS #11 token was away when one was due) gets one.
runtime::Task<Result<Unit>> make_missing_key(broker::Context* context, std::string tenant);

// A tenant's ES256 keys verify several times as fast with a table of multiples, which has 256 KiB: so many tables may be
// built for one snapshot that, with those of the present one, there are never more than kKeyTablesMax.
struct KeyTableBudget {
  std::size_t left = 0;
};
KeyTableBudget key_table_budget(const broker::Context& context);

// A tenant's keys from the store, those whose time is over left out. What the present snapshot already has is not opened
// again. Corrupt, SealBroken, KeyPublished (a key out of a standard's examples).
runtime::Task<Result<std::shared_ptr<const TenantKeys>>> load_tenant_keys(broker::Context* context, std::string tenant,
                                                                          std::string issuer, KeyTableBudget* budget);

}  // namespace claviger::tokens
