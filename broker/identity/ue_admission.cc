#include "broker/identity/ue_admission.h"

#include <algorithm>
#include <set>

#include "broker/identity/backchannel_rows.h"
#include "broker/identity/session_records.h"
#include "broker/identity/ue_records.h"
#include "broker/identity/user_records.h"
#include "broker/identity/user_revocations.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

// Rows of sessions whose idle time is over, kept for their tokens' sake: half of what is looked at, so that a UE on which
// people sign in all day does not fill up.
constexpr std::size_t kUeLapsedMax = kUePagesMax * kSessionsPerPage / 2;

// What one user may find on a UE of his class: sessions to replace, or why he may not.
Result<std::vector<Session>> choose_replaced(const Ue& ue, std::vector<Session> living, std::string_view sub,
                                             std::string_view client_id) {
  std::vector<Session> replaced;
  std::set<std::string_view> others;
  for (const Session& session : living) {
    if (session.sub != sub) others.insert(session.sub);
  }
  switch (ue.ue_class) {
    case UeClass::Dispatcher:
      return replaced;
    case UeClass::Personal:
      if (!ue.owner.empty() && ue.owner != sub) return Error{Code::UeOfAnother, "ue.owner"};
      if (!others.empty() && !ue.replaces_others) return Error{Code::UeOfAnother, "ue.personal"};
      return living;
    case UeClass::Shareable:
      return living;
    case UeClass::Gateway: {
      const std::uint32_t users_max = ue.max_users == 0 ? kUeUsersMax : ue.max_users;
      if (others.size() >= users_max) return Error{Code::UeFull, "ue.max_users"};
      std::ranges::copy_if(living, std::back_inserter(replaced), [&](const Session& session) {
        return session.sub == sub && session.client_id == client_id;
      });
      return replaced;
    }
  }
  return replaced;
}

// Nobody has use for the row of this session, which does not live. One whose idle time is over may have a token that does: who
// reports the UE lost finds it by the row, which goes by itself with the time of the session.
Task<Result<bool>> is_over(Context* context, std::string tenant, std::string sid) {
  if (!tokens_may_outlive_sessions(*context)) co_return true;
  auto session = co_await read_session(context, std::move(tenant), std::move(sid));
  if (session.failed_with(Code::SessionUnknown)) co_return false;
  if (!session) co_return session.error();
  co_return session->state != SessionState::Active;
}

}  // namespace

Task<Result<Admission>> admit_on_ue(Context* context, std::string tenant, std::string ue_id, std::string sub,
                                    std::string client_id) {
  Admission admission;
  admission.ue_id = ue_id;
  auto ue = co_await read_ue(context, tenant, ue_id);
  if (ue.failed_with(Code::UeUnknown)) co_return admission;
  if (!ue) co_return ue.error();
  if (ue->is_lost) co_return Error{Code::UeLost, "ue.lost"};
  if (ue->ue_class == UeClass::Dispatcher) {
    admission.ue = *std::move(ue);
    co_return admission;
  }
  std::vector<Session> living;
  std::size_t lapsed = 0;
  std::string after;
  for (std::size_t page = 0;; ++page) {
    if (page == kUePagesMax) co_return Error{Code::UeFull, "ue.sessions"};
    auto ids = co_await read_session_ids(context, tables::kUeSessions, tenant, ue_id, after, kSessionsPerPage);
    if (!ids) co_return ids.error();
    auto found = co_await read_living_sessions(context, tenant, ids->sids);
    if (!found) co_return found.error();
    for (std::size_t i = 0; i < ids->sids.size(); ++i) {
      const std::string& sid = ids->sids[i];
      if (std::ranges::find(*found, sid, &Session::sid) != found->end()) continue;
      CLAVIGER_CO_TRY(ended, co_await is_over(context, tenant, sid));
      if (ended || ++lapsed > kUeLapsedMax) admission.stale.push_back(sid);
    }
    std::ranges::move(*found, std::back_inserter(living));
    after = std::move(ids->next);
    if (after.empty()) break;
  }
  auto replaced = choose_replaced(*ue, std::move(living), sub, client_id);
  if (!replaced) co_return replaced.error();
  admission.replaced = *std::move(replaced);
  admission.ue = *std::move(ue);
  co_return admission;
}

Result<Unit> add_admission(const Context& context, storage::Transaction& transaction, std::string_view tenant,
                           const Admission& admission, const Session& session) {
  if (admission.ue_id.empty()) return Unit{};
  CLAVIGER_TRY(view, tenant_of(context, tenant));
  const std::string key = ue_key(tenant, admission.ue_id);
  if (admission.ue) {
    // Written each time: a second sign-in that saw the same sessions conflicts, wherever it runs.
    Ue ue = *admission.ue;
    transaction.expect_version(tables::kUes, key, ue.version);
    ue.last_sign_in_at = session.created_at;
    transaction.put(tables::kUes, key, as_bytes(encode_ue(ue)));
  } else {
    transaction.expect_absent(tables::kUes, key);  // nobody registers it while we look away
  }
  const WallTime now = context.shard.wall();
  for (Session replaced : admission.replaced) {
    transaction.expect_version(tables::kSessions, session_key(tenant, replaced.sid), replaced.version);
    replaced.state = SessionState::Replaced;
    put_session(transaction, tenant, replaced, context.snapshot->settings->lifetimes.session_idle);
    transaction.erase(tables::kUeSessions, ue_session_key(tenant, admission.ue_id, replaced.sid));
    put_session_ended(transaction, tenant, replaced, numeric_date(now));
    tokens::add_revocation(transaction, tenant, tokens::revocation_of_session(context, *view, replaced.sid));
  }
  for (const std::string& sid : admission.stale) {
    transaction.erase(tables::kUeSessions, ue_session_key(tenant, admission.ue_id, sid));
  }
  transaction.put(tables::kUeSessions, ue_session_key(tenant, admission.ue_id, session.sid), {}, session.expires_at);
  return Unit{};
}

Task<Result<Unit>> publish_admission(Context* context, std::string tenant, Admission admission, Session session) {
  if (admission.replaced.empty()) co_return Unit{};
  CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
  std::vector<tokens::Revocation> revocations;
  for (const Session& replaced : admission.replaced) {
    revocations.push_back(tokens::revocation_of_session(*context, *view, replaced.sid));
    const bool is_same_user = replaced.sub == session.sub;
    context->shard.logger().info("session.replaced", {{"tenant", tenant},
                                                      {"old", replaced.sid},
                                                      {"new", session.sid},
                                                      {"ue", admission.ue_id},
                                                      {"same_user", is_same_user ? "true" : "false"}});
  }
  context->figures->sessions_ended.add(admission.replaced.size());
  context->figures->revocations.add(admission.replaced.size());
  co_return co_await tokens::publish_revocations(context, std::move(revocations));
}

}  // namespace claviger::identity
