// What operators, and VAL servers that may provision keys, do to VAL service keys.
//
// On any shard. A change is one transaction that expects the record's version; of two at the same time the second is
// done again on what the first left (kAttemptsMax times, then Conflict). It returns when it is durable.
//
// Codes: BadValue (service, target, lifetime, algorithm), ServiceKeyUnknown (no such target, or no such kid), Duplicate
// (there is a current key, or a next one, already), what the store and the sealer say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/seal_keys/service_key.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"

namespace claviger::seal_keys {

inline constexpr Seconds kLifetimeDefault{365 * 24 * 3600};
inline constexpr Seconds kLifetimeMin{60};
inline constexpr Seconds kLifetimeMax{10 * 366 * 24 * 3600};
// Given out ahead by this much at most.
inline constexpr Seconds kDelayMax{366 * 24 * 3600};

// Whose keys: views would not survive a co_await.
struct KeyName {
  std::string tenant;
  std::string service;
  Target target;
};

// The first key, or one after the last was revoked or ran out. Duplicate while there is a current one.
runtime::Task<Result<ServiceKeys>> create_service_key(broker::Context* context, KeyName name, Seconds lifetime);

struct Rotation {
  Seconds delay{0};  // of the new key's first second; 0: it is current when this returns
  Seconds lifetime = kLifetimeDefault;
};
// Without a delay: the next key if there is one, else a new one, is current from now on. With one: a next key is made;
// Duplicate when there is one already.
runtime::Task<Result<ServiceKeys>> rotate_service_key(broker::Context* context, KeyName name, Rotation rotation);

// What is revoked is never given out again, and its key is erased from the record. `kid` empty: the current one; when
// that goes, a next key takes its place at once.
runtime::Task<Result<ServiceKeys>> revoke_service_key(broker::Context* context, KeyName name, std::string kid);
runtime::Task<Result<ServiceKeys>> revoke_all_service_keys(broker::Context* context, KeyName name);

// A key that a VAL server brings (TS 33.434 clause 5.8).
struct BroughtKey {
  SecretBytes key;        // kKeyBytesMin to kKeyBytesMax
  std::string algorithm;  // empty: kAlgorithm
  std::string client_id;
  std::int64_t not_before = 0;  // 0: now
  std::int64_t expires_at = 0;  // 0: kLifetimeDefault after not_before
};
// It becomes the current key, or the next one when its time has not come; a next one that is there already is replaced.
runtime::Task<Result<ServiceKeys>> provision_service_key(broker::Context* context, KeyName name, BroughtKey brought);

runtime::Task<Result<ServiceKeys>> find_service_keys(broker::Context* context, KeyName name);
Result<SecretBytes> open_key(broker::Context& context, const KeyName& name, const Generation& generation);

struct KeyPage {
  std::vector<ServiceKeys> keys;
  std::string next;  // pass as `after`; empty: this was the last page
};
// In order of service, kind and id. `service` empty: of all. BadValue: `after` is no cursor of ours.
runtime::Task<Result<KeyPage>> list_service_keys(broker::Context* context, std::string tenant, std::string service,
                                                 std::string after, std::size_t limit);

}  // namespace claviger::seal_keys
