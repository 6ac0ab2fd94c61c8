// Ending one session with its tokens, from a procedure that may hold another entity's turn: the session's version
// guards it, not a turn.
//
// For the procedures of this folder, on whichever shard they run.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/identity/session.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// Writes the state and the revocation of the sid in one transaction and returns when every shard refuses the session's
// tokens. A session that has ended already is left as it is. SessionUnknown.
runtime::Task<Result<Unit>> end_session_here(broker::Context* context, std::string tenant, std::string sid,
                                             SessionState state);

}  // namespace claviger::identity
