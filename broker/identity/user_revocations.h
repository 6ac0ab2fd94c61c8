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

// Of one commit. The feed does not split a commit, and says so much more in one answer than it looked for
// (broker/tokens/revocation_feed_endpoint.cc).
inline constexpr std::size_t kRevocationsPerCommit = 256;

// For the transaction: his own `sub` first, then each pairwise name that the client of a living session has for him; at
// most kRevocationsPerCommit. Who follows the feed sees that these names end together.
runtime::Task<Result<std::vector<tokens::Revocation>>> revocations_of_user(broker::Context* context, std::string tenant,
                                                                           std::string sub);
// Behind the commit, where his sessions stay: what the transaction had no room for, names of sessions that began beside it
// (from the commit on a new one has what he is left with), and the sid of each session whose record is gone while a token
// of it may still live. `done` is what the transaction had. Durable and known to every shard when it returns.
runtime::Task<Result<Unit>> revoke_the_rest(broker::Context* context, std::string tenant, std::string sub,
                                            std::vector<tokens::Revocation> done);

// An access token may outlive the record of its session, which goes with the idle time.
bool tokens_may_outlive_sessions(const broker::Context& context);

}  // namespace claviger::identity
