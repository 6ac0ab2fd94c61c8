#include "broker/identity/session_procedures.h"

#include "broker/identity/identity_shard.h"
#include "broker/identity/session_end.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user_records.h"
#include "broker/identity/user_update.h"
#include "broker/tables.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

Task<Result<Unit>> end_at_home(Context* context, std::string tenant, std::string sid, SessionState state) {
  auto turn = co_await context->identity->turns().take(home_name("session", tenant, sid));
  if (!turn) co_return turn.error();
  co_return co_await end_session_here(context, std::move(tenant), std::move(sid), state);
}

// What the user's not_before or removal has killed is shown as what it is, whatever its record still says.
void show_dead(Session& session, const User& user) {
  if (session.state == SessionState::Active && session.auth_time < user.not_before) {
    session.state = SessionState::Revoked;
  }
}

}  // namespace

Task<Result<SessionPage>> list_sessions(Context* context, std::string tenant, std::string sub, std::string after,
                                        std::size_t limit) {
  CLAVIGER_CO_TRY(user, co_await read_user(context, tenant, sub));
  CLAVIGER_CO_TRY(
      ids, co_await read_session_ids(context, broker::tables::kUserSessions, tenant, sub, std::move(after), limit));
  SessionPage page;
  page.next = std::move(ids.next);
  for (const std::string& sid : ids.sids) {
    auto session = co_await read_session(context, tenant, sid);
    if (session.failed_with(Code::SessionUnknown)) continue;  // idle too long: the index row lives a little longer
    if (!session) co_return session.error();
    show_dead(*session, user);
    page.sessions.push_back(*std::move(session));
  }
  co_return page;
}

Task<Result<Session>> find_session(Context* context, std::string tenant, std::string sid) {
  CLAVIGER_CO_TRY(session, co_await read_session(context, tenant, std::move(sid)));
  auto user = co_await read_user(context, tenant, session.sub);
  if (user.failed_with(Code::UserUnknown)) co_return Error{Code::SessionUnknown, "session.user"};
  if (!user) co_return user.error();
  show_dead(session, *user);
  co_return session;
}

Task<Result<Unit>> end_session(Context* context, std::string tenant, std::string sid, SessionState state) {
  CLAVIGER_ASSERT(state != SessionState::Active);
  if (sid.find('\0') != std::string::npos) co_return Error{Code::SessionUnknown, "session.sid"};
  runtime::Shard* home = &context->home_of(home_name("session", tenant, sid));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), sid = std::move(sid), state]() mutable {
    return end_at_home(there, std::move(tenant), std::move(sid), state);
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

Task<Result<Unit>> end_sessions_of_user(Context* context, std::string tenant, std::string sub) {
  UserEdit edit = [](User&, std::int64_t) { return Result<Unit>(Unit{}); };
  auto updated = co_await update_user(context, std::move(tenant), std::move(sub), std::move(edit), Sessions::End);
  if (!updated) co_return updated.error();
  co_return Unit{};
}

}  // namespace claviger::identity
