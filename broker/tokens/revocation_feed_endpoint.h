// GET /idms/v1/{tenant}/revocations?since=N[&wait=S]: what was revoked since, for verifiers in other processes.
//
// For clients that may introspect. Sequence numbers are those of the store's commits. With nothing new the answer waits
// up to `wait` seconds (30 at most; 25 unless given) for the first revocation. `since=0`, and anything older than the
// change feed keeps, is answered at once, with what is still in force from its beginning on: no reader is ever too late,
// and one who catches up reads each change once. A client that has its share of a shard's places is 503.
#pragma once

#include "broker/tokens/token_routes.h"

namespace claviger::tokens {

inline constexpr std::int64_t kFeedWaitMax = 30;
inline constexpr std::int64_t kFeedWaitUsual = 25;

void add_revocation_feed_route(http::Router& router, Contexts& contexts);

}  // namespace claviger::tokens
