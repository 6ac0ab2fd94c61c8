// What every token that a user has been given until now is revoked by. A client with pairwise subjects knows him by another
// name (pairwise_subject.h), and a verifier knows nothing but the token's `sub` and `sid`: each of his names is revoked.
//
// For the procedures that take something from a user: called on his home shard, under his turn, before their transaction;
// the revocations go into that transaction and are published behind it (broker/tokens/revocations.h).
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// His own `sub` first; then each pairwise name that a session's client has for him; then the sid of each session whose
// record is gone while a token of it may still live (a client's tokens may outlive session_idle).
runtime::Task<Result<std::vector<tokens::Revocation>>> revocations_of_user(broker::Context* context, std::string tenant,
                                                                           std::string sub);

// An access token may outlive the record of its session, which goes with the idle time.
bool tokens_may_outlive_sessions(const broker::Context& context);

}  // namespace claviger::identity
