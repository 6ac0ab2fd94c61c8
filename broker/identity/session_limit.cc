#include "broker/identity/session_limit.h"

#include <algorithm>

#include "broker/identity/backchannel_rows.h"
#include "broker/identity/session_records.h"
#include "broker/identity/ue.h"
#include "broker/identity/ue_records.h"
#include "broker/identity/user_records.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Task<Result<OverLimit>> find_over_limit(Context* context, std::string tenant, std::string sub,
                                        std::vector<std::string> leaving) {
  OverLimit over;
  const std::size_t sessions_max = context->snapshot->settings->limits.sessions_per_user;
  if (sessions_max == 0) co_return over;
  over.is_bounded = true;
  std::vector<Session> living;
  std::string after;
  for (std::size_t page = 0; page < kSessionPagesMax; ++page) {
    CLAVIGER_CO_TRY(ids,
                    co_await read_session_ids(context, tables::kUserSessions, tenant, sub, after, kSessionsPerPage));
    CLAVIGER_CO_TRY(found, co_await read_living_sessions(context, tenant, ids.sids));
    std::ranges::move(found, std::back_inserter(living));
    after = std::move(ids.next);
    if (after.empty()) break;
  }
  std::erase_if(living, [&](const Session& session) {
    return session.sub != sub || std::ranges::find(leaving, session.sid) != leaving.end();
  });
  if (living.size() < sessions_max) co_return over;
  const std::size_t surplus = std::min(living.size() + 1 - sessions_max, kSessionsEndedAtOnceMax);
  std::ranges::sort(living, {},
                    [](const Session& session) { return std::pair(session.last_used_at, session.created_at); });
  std::move(living.begin(), living.begin() + static_cast<std::ptrdiff_t>(surplus), std::back_inserter(over.ending));
  co_return over;
}

Result<Unit> add_over_limit(const Context& context, storage::Transaction& transaction, std::string_view tenant,
                            const OverLimit& over, const User& user) {
  if (!over.is_bounded) return Unit{};
  CLAVIGER_TRY(view, tenant_of(context, tenant));
  transaction.put(tables::kUsers, user_key(tenant, user.sub), as_bytes(encode_user(user)));
  const WallTime now = context.shard.wall();
  for (Session ending : over.ending) {
    transaction.expect_version(tables::kSessions, session_key(tenant, ending.sid), ending.version);
    ending.state = SessionState::Replaced;
    put_session(transaction, tenant, ending, context.snapshot->settings->lifetimes.session_idle);
    if (!ending.ue_id.empty()) {
      transaction.erase(tables::kUeSessions, ue_session_key(tenant, ending.ue_id, ending.sid));
    }
    put_session_ended(transaction, tenant, ending, numeric_date(now));
    tokens::add_revocation(transaction, tenant, tokens::revocation_of_session(context, *view, ending.sid));
  }
  return Unit{};
}

Task<Result<Unit>> publish_over_limit(Context* context, std::string tenant, OverLimit over) {
  if (over.ending.empty()) co_return Unit{};
  CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
  std::vector<tokens::Revocation> revocations;
  for (const Session& ended : over.ending) {
    revocations.push_back(tokens::revocation_of_session(*context, *view, ended.sid));
    context->shard.logger().info("session.over_limit", {{"tenant", tenant}, {"sub", ended.sub}, {"sid", ended.sid}});
  }
  context->figures->sessions_ended.add(over.ending.size());
  context->figures->revocations.add(over.ending.size());
  co_return co_await tokens::publish_revocations(context, std::move(revocations));
}

}  // namespace claviger::identity
