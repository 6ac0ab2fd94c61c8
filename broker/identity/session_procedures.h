// Sessions as operators and the revocation endpoint see them: list, show, end (spec: sign-off kinds).
//
// Called on any shard. Ending one session runs at home_of("session/" tenant "/" sid), ending all of a user at
// home_of("user/" tenant "/" sub). When they return, every shard refuses the tokens concerned.
//
// Codes: SessionUnknown, UserUnknown; what the store says.
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/session.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

struct SessionPage {
  std::vector<Session> sessions;
  std::string next;  // pass as `after` for the next page; empty: this was the last
};

// In order of sid. A session that the user's not_before has killed is shown as Revoked.
runtime::Task<Result<SessionPage>> list_sessions(broker::Context* context, std::string tenant, std::string sub,
                                                 std::string after, std::size_t limit);
runtime::Task<Result<Session>> find_session(broker::Context* context, std::string tenant, std::string sid);

// `state`: SignedOff (the user or client asked) or Revoked (somebody else did). Ending what has ended changes nothing
// and succeeds.
runtime::Task<Result<Unit>> end_session(broker::Context* context, std::string tenant, std::string sid,
                                        SessionState state);
// Every session and token of the user up to now.
runtime::Task<Result<Unit>> end_sessions_of_user(broker::Context* context, std::string tenant, std::string sub);

}  // namespace claviger::identity
