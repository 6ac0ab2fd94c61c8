#include "broker/identity/session_end.h"

#include <vector>

#include "broker/identity/backchannel_rows.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/session_records.h"
#include "broker/identity/ue.h"
#include "broker/identity/user_records.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Task<Result<Unit>> end_session_here(Context* context, std::string tenant, std::string sid, SessionState state) {
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(session, co_await read_session(context, tenant, sid));
    CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
    const tokens::Revocation revocation = tokens::revocation_of_session(*context, *view, sid);
    std::vector<tokens::Revocation> revocations{revocation};
    // Whoever ended it may have failed to tell every shard: who asks again is told yes when they know.
    if (session.state != SessionState::Active)
      co_return co_await tokens::publish_revocations(context, std::move(revocations));
    session.state = state;
    storage::Transaction transaction;
    transaction.expect_version(tables::kSessions, session_key(tenant, sid), session.version);
    put_session(transaction, tenant, session, context->snapshot->settings->lifetimes.session_idle);
    if (!session.ue_id.empty()) transaction.erase(tables::kUeSessions, ue_session_key(tenant, session.ue_id, sid));
    tokens::add_revocation(transaction, tenant, revocation);
    put_session_ended(transaction, tenant, session, numeric_date(context->shard.wall()));
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    context->figures->sessions_ended.add();
    context->figures->revocations.add();
    co_return co_await tokens::publish_revocations(context, std::move(revocations));
  }
  co_return Error{Code::Conflict, "session.end"};
}

}  // namespace claviger::identity
