// Context: what a procedure reaches on its shard. One per shard, made by Broker on shard 0 when the shards run, alive until
// after they stopped.
//
// Rooms take a Context& and keep it; everything mutable in it belongs to its shard alone. `store`, `sealer` and the
// pools are shared and safe to call from any shard.
#pragma once

#include <memory>
#include <vector>

#include "broker/figures.h"
#include "broker/snapshot.h"
#include "core/base/secret.h"
#include "core/runtime/offload.h"
#include "core/runtime/shard.h"
#include "storage/sealing.h"
#include "storage/store.h"

namespace claviger::tokens {
class TokenShard;  // broker/tokens/token_shard.h
}
namespace claviger::identity {
class IdentityShard;  // broker/identity/identity_shard.h
}

namespace claviger::broker {

class SnapshotPublisher;

// Secrets of the installation, random, made on first start, sealed in tables::kInstallation.
struct InstallationKeys {
  Secret<32> refresh;      // HMAC key of refresh tokens (broker/identity/session.h)
  Secret<32> client;       // HMAC key of client secrets (broker/identity/client.h)
  Secret<32> interaction;  // AES-256-GCM key of sign-in interactions
  Secret<32> audit;        // HMAC key of the audit log's chain (broker/admin/audit_log.h)
};

struct Context {
  runtime::Shard& shard;
  storage::Store& store;
  storage::Sealer& sealer;
  runtime::OffloadPool& hash_pool;  // password hashes
  runtime::OffloadPool& work_pool;  // everything else that is slow: tables of keys, files
  const InstallationKeys& keys;
  SnapshotPublisher& publisher;
  std::vector<std::unique_ptr<Context>>& all;  // by shard index: to address other shards, not to touch them

  std::shared_ptr<const Snapshot> snapshot;
  std::unique_ptr<Figures> figures = std::make_unique<Figures>();
  std::unique_ptr<tokens::TokenShard> tokens;
  std::unique_ptr<identity::IdentityShard> identity;

  // The home shard of an entity, by "kind/" tenant "/" id.
  runtime::Shard& home_of(std::string_view entity) { return shard.shards().home_of(entity); }
  Context& at(const runtime::Shard& other) { return *all[other.index()]; }
};

}  // namespace claviger::broker
