// Reading sessions, and the sessions of a user by their index.
//
// For the procedures of this folder, on whichever shard they run.
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/session.h"
#include "broker/identity/user.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

// A page of a user's sessions: each is one read and, when it ends, one write of a transaction.
inline constexpr std::size_t kSessionsPerPage = 256;

// SessionUnknown.
runtime::Task<Result<Session>> read_session(broker::Context* context, std::string tenant, std::string sid);

// The record's own expiry: the end of the session, or of its idle time if that is earlier.
std::int64_t record_expiry(const Session& session, Seconds idle);
void put_session(storage::Transaction& transaction, std::string_view tenant, const Session& session, Seconds idle);

struct SessionIds {
  std::vector<std::string> sids;
  std::string next;  // empty: no more
};
// A page of an index of sessions: kUserSessions and a sub, or kUeSessions and a ue_id. Some may have ended or expired.
runtime::Task<Result<SessionIds>> read_session_ids(broker::Context* context, storage::TableId index, std::string tenant,
                                                   std::string owner, std::string after, std::size_t limit);

// Ends those that are alive, in one transaction: at most kSessionsPerPage. When it returns every shard refuses their
// tokens. How many it ended.
runtime::Task<Result<std::size_t>> end_these_sessions(broker::Context* context, std::string tenant,
                                                      std::vector<std::string> sids, SessionState state);
// After the user's not_before has killed them: says so in each record, for those who look, and revokes each sid. How many.
runtime::Task<Result<std::size_t>> mark_sessions_revoked(broker::Context* context, std::string tenant, std::string sub);
// The user is gone.
runtime::Task<Result<Unit>> erase_sessions(broker::Context* context, std::string tenant, std::string sub);

}  // namespace claviger::identity
