// How long access tokens may live: as the configuration says, or longer for a client whose record says so
// (identity::Client::access_token_life).
//
// A revocation must be kept as long as the longest-lived token it could concern: every shard knows the longest life that
// any client ever had (TokenShard::revocation_kept()), before the first such token is made. The record that outlives a
// restart is tables::kInstallation, "access-token-life": 8 octets, seconds, big-endian. It only grows: the cost of a
// longer life that was taken back is room for revocations.
#pragma once

#include "broker/context.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::tokens {

// A shift. Who verifies tokens by himself and follows no revocation feed believes one that was revoked for so long.
inline constexpr Seconds kAccessTokenLifeMax{12 * 3600};
// As of the configuration (settings.cc).
inline constexpr Seconds kAccessTokenLifeMin{5};

// Any shard. Durable, and known to every shard, when it returns: then clients may have tokens that live so long.
// OutOfRange; what the store says.
runtime::Task<Result<Unit>> allow_access_token_life(broker::Context* context, Seconds life);
// At start, before the first request is served.
runtime::Task<Result<Unit>> load_access_token_life(broker::Context* context);

}  // namespace claviger::tokens
