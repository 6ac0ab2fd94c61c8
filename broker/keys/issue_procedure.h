// Keys of a user in a period: as they lie in the store, or issued now (TS 33.180 clause 5.3.3).
//
// Called on any shard. What is there is read where the request is; issuing runs at home_of("kms-user/" tenant "/" uri)
// under that turn, extracts in the pool, commits one record guarded by its absence, and returns when it is durable: a
// pair of SSK and PVT that anybody has seen is the one that is given again.
//
// Codes: KmsSealed (the domain's secrets are not here), Overload (the pool's queue is full), CryptoFailure; what the
// store and sealing say.
#pragma once

#include <string>
#include <vector>

#include "broker/keys/kms.h"
#include "broker/keys/user_policy.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/value.h"

namespace claviger::keys {

struct KeysWanted {
  DomainRef domain;
  std::uint64_t period = 0;
  std::string user_uri;

  std::string key() const;  // of the record
  // When nobody may ask for it any more: a period after retention, which an operator may have made longer meanwhile.
  std::int64_t expires_at() const;
};

// As it stands now, not when the request was let in: KeysRevoked when the user's keys or the domain are revoked.
runtime::Task<Result<UserPolicy>> may_have_keys(const Kms* kms, broker::Context* context, KeysWanted wanted);
// The record, issued when it is not there.
runtime::Task<Result<storage::Value>> find_or_issue(Kms* kms, broker::Context* context, KeysWanted wanted);

// In a pool: keys extracted, and the records that hold them sealed. All of one domain.
struct KeyRecord {
  std::string key;
  std::string value;
  std::int64_t expires_at = 0;
};
Result<std::vector<KeyRecord>> make_key_records(storage::Sealer& sealer, const std::vector<KeysWanted>& wanted,
                                                std::int64_t now);

// The UID of a user in a period, and what goes into the arithmetic for it: its octets, or its hex text for one peer.
struct Identifier {
  Uid uid{};
  std::string octets;
};
Result<Identifier> identifier_of(const KeysWanted& wanted);

}  // namespace claviger::keys
