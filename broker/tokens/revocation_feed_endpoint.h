// GET /idms/v1/{tenant}/revocations?since=N[&wait=S]: what was revoked since, for verifiers in other processes.
//
// For clients that may introspect. Sequence numbers are those of the store's commits. With nothing new the answer waits
// up to `wait` seconds (30 at most; 25 unless given) for the first revocation. `since=0`, and anything older than the
// change feed keeps, is answered from the table with what is still in force: no reader is ever too late.
#pragma once

#include "broker/tokens/token_routes.h"

namespace claviger::tokens {

inline constexpr std::int64_t kFeedWaitMax = 30;
inline constexpr std::int64_t kFeedWaitUsual = 25;

void add_revocation_feed_route(http::Router& router, Contexts& contexts);

}  // namespace claviger::tokens
