#include "broker/identity/refresh_procedure.h"

#include <algorithm>

#include "broker/identity/identity_shard.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_end.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user_records.h"
#include "broker/tables.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// Who presents it, and whether the session lives; not which generation it is.
Result<Unit> check_session(const Context& context, const Refresh& refresh, const Session& session, std::int64_t now) {
  if (!is_genuine(refresh.token, context.identity->refresh_mac(), refresh.tenant, session)) {
    return Error{Code::RefreshInvalid, "refresh.mac"};
  }
  if (session.client_id != refresh.client_id) return Error{Code::RefreshInvalid, "refresh.client"};
  if (session.state != SessionState::Active) return Error{Code::SessionEnded, "refresh.session"};
  const Seconds idle = context.snapshot->settings->lifetimes.session_idle;
  if (record_expiry(session, idle) <= now) return Error{Code::SessionEnded, "refresh.expiry"};
  if (!session.certificate_digest.empty() && session.certificate_digest != refresh.certificate_digest) {
    return Error{Code::TokenBinding, "refresh.certificate"};
  }
  // RFC 9449 clause 5: a public client's refresh token is good with its key only. A client with credentials may change
  // its key, but nobody falls back to bearer tokens.
  if (!session.dpop_key.empty()) {
    const bool is_kept = refresh.is_public_client ? refresh.dpop_key == session.dpop_key : !refresh.dpop_key.empty();
    if (!is_kept) return Error{Code::TokenBinding, "refresh.dpop_key"};
  }
  return Unit{};
}

// RefreshReused, or the session as it is to be written.
Result<Unit> advance(Session& session, std::uint32_t presented, WallTime now) {
  const std::int64_t now_ms = now.time_since_epoch().count();
  if (presented == session.refresh_generation) {
    ++session.refresh_generation;
    session.rotated_at_ms = now_ms;
    session.was_grace_used = false;
  } else {
    const std::int64_t grace_ms = Milliseconds(kRefreshGrace).count();
    const bool is_previous = presented + 1 == session.refresh_generation;
    const bool is_in_time = now_ms - session.rotated_at_ms <= grace_ms;
    if (!is_previous || !is_in_time || session.was_grace_used) return Error{Code::RefreshReused, "refresh.reuse"};
    session.was_grace_used = true;
  }
  session.last_used_at = numeric_date(now);
  return Unit{};
}

// Of the access token: what is asked for now, within what was granted, as far as user and client still have it. Narrowing it
// does not narrow the grant (RFC 6749 clause 6).
Result<Aimed> aim_of(const Context& context, const Refresh& refresh, const Session& session, const User& user) {
  for (const std::string& scope : refresh.scopes) {
    if (!contains_scope(session.scopes, scope)) return Error{Code::ScopeWider, "refresh.scope"};
  }
  const std::vector<std::string>& asked = refresh.scopes.empty() ? session.scopes : refresh.scopes;
  const ScopeList list(asked.begin(), asked.end());
  CLAVIGER_TRY(granted, grant_to_user(list, user));
  CLAVIGER_TRY(allowed, grant_still_allowed({granted.begin(), granted.end()}, *refresh.client));
  // A generation must not be spent on an answer that cannot be given.
  CLAVIGER_TRY(view, tenant_of(context, refresh.tenant));
  return aimed_at(view->tenant, allowed, refresh.resources);
}

Task<Result<GrantedSession>> refuse_reuse(Context* context, std::string tenant, std::string sid) {
  context->figures->refresh_reuses.add();
  context->shard.logger().warning("refresh.reused", {{"tenant", tenant}, {"sid", sid}});
  auto ended = co_await end_session_here(context, std::move(tenant), std::move(sid), SessionState::Revoked);
  if (!ended) co_return ended.error();
  co_return Error{Code::RefreshReused, "refresh.reuse"};
}

Task<Result<GrantedSession>> refresh_at_home(Context* context, Refresh refresh) {
  auto turn = co_await context->identity->turns().take(home_name("session", refresh.tenant, refresh.token.sid));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    // 1. The session, its holder, the generation.
    auto found = co_await read_session(context, refresh.tenant, refresh.token.sid);
    if (found.failed_with(Code::SessionUnknown)) co_return Error{Code::RefreshInvalid, "refresh.session"};
    if (!found) co_return found.error();
    Session session = *std::move(found);
    const WallTime now = context->shard.wall();
    CLAVIGER_CO_TRY(checked, check_session(*context, refresh, session, numeric_date(now)));
    const std::uint64_t version = session.version;
    if (!advance(session, refresh.token.generation, now)) {
      co_return co_await refuse_reuse(context, refresh.tenant, session.sid);
    }
    if (!refresh.dpop_key.empty()) session.dpop_key = refresh.dpop_key;
    // 2. The account is still valid (TS 33.180 B.5.3).
    auto user = co_await read_user(context, refresh.tenant, session.sub);
    if (user.failed_with(Code::UserUnknown)) co_return Error{Code::SessionEnded, "refresh.user"};
    if (!user) co_return user.error();
    if (user->status != UserStatus::Enabled || session.auth_time < user->not_before) {
      co_return Error{Code::SessionEnded, "refresh.user"};
    }
    CLAVIGER_CO_TRY(aimed, aim_of(*context, refresh, session, *user));
    // 3. Durable before the token leaves: kill -9 must not bring an old generation back to life.
    storage::Transaction transaction;
    transaction.expect_version(tables::kSessions, session_key(refresh.tenant, session.sid), version);
    transaction.expect_version(tables::kUsers, user_key(refresh.tenant, session.sub), user->version);
    put_session(transaction, refresh.tenant, session, context->snapshot->settings->lifetimes.session_idle);
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();

    GrantedSession granted;
    const McIdentities identities = identities_for(aimed.scopes, *user);
    granted.mcptt_id = identities.mcptt_id;
    granted.mcvideo_id = identities.mcvideo_id;
    granted.mcdata_id = identities.mcdata_id;
    granted.scopes = std::move(aimed.scopes);
    granted.audiences = std::move(aimed.audiences);
    granted.val_user_ids = user->val_user_ids;
    granted.generation = session.refresh_generation;
    granted.session = std::move(session);
    co_return granted;
  }
  co_return Error{Code::Conflict, "refresh"};
}

}  // namespace

Task<Result<GrantedSession>> refresh_session(Context* context, Refresh refresh) {
  runtime::Shard* home = &context->home_of(home_name("session", refresh.tenant, refresh.token.sid));
  Context* there = &context->at(*home);
  auto start = [there, refresh = std::move(refresh)]() mutable { return refresh_at_home(there, std::move(refresh)); };
  co_return co_await runtime::call_on(home, std::move(start));
}

}  // namespace claviger::identity
