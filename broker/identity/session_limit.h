// How many sessions a user may have at a time (limits.sessions_per_user; spec 3.3 step 6): one more ends the one that was
// unused for longest.
//
// Ended, not refused: who signs in at the start of a shift must get in, whatever he forgot to sign off elsewhere, and
// somebody who knows his password must not be able to keep him out.
//
// Steps of a procedure that starts a session, within its transaction and on whichever shard it runs. The user's record is
// written with it, so that of two at the same time the second counts the first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/session.h"
#include "broker/identity/user.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

// Ended by one sign-in: a bound that was lowered, or set for the first time, takes effect over several. Each costs some
// writes of the transaction.
inline constexpr std::size_t kSessionsEndedAtOnceMax = 64;
// Pages of his sessions that one sign-in looks at; what is beyond is as if it were not there.
inline constexpr std::size_t kSessionPagesMax = 8;

struct OverLimit {
  bool is_bounded = false;
  std::vector<Session> ending;
};
// `leaving`: sids that the same transaction ends for another reason.
runtime::Task<Result<OverLimit>> find_over_limit(broker::Context* context, std::string tenant, std::string sub,
                                                 std::vector<std::string> leaving);
// `user`: as he was read; his version is expected already. NotFound (the tenant is gone).
Result<Unit> add_over_limit(const broker::Context& context, storage::Transaction& transaction, std::string_view tenant,
                            const OverLimit& over, const User& user);
// When that is durable: returns when every shard refuses what was ended.
runtime::Task<Result<Unit>> publish_over_limit(broker::Context* context, std::string tenant, OverLimit over);

}  // namespace claviger::identity
