#include "broker/identity/redeem_procedure.h"

#include <algorithm>

#include "broker/identity/authorization_code.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_end.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user_records.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/crypto/random.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::size_t kSaltBytes = 16;

// Everything the code is bound to, but the user.
Result<Unit> check_code(const AuthorizationCode& code, const Redemption& redemption, std::int64_t now) {
  if (code.client_id != redemption.client_id) return Error{Code::CodeClient, "code.client"};
  if (!code.session.empty()) return Error{Code::CodeReused, "code"};
  if (code.expires_at <= now) return Error{Code::CodeExpired, "code"};
  if (code.redirect_uri != redemption.redirect_uri) return Error{Code::CodeRedirect, "code.redirect_uri"};
  if (!equals_constant_time(code.challenge, redemption.verifier_digest)) {
    return Error{Code::CodeVerifier, "code.verifier"};
  }
  // RFC 9449 clause 10.
  if (!code.dpop_key.empty() && code.dpop_key != redemption.dpop_key) return Error{Code::TokenBinding, "code.dpop_key"};
  return Unit{};
}

Result<Session> session_of(Context& context, const AuthorizationCode& code, const Redemption& redemption,
                           WallTime now) {
  Session session;
  CLAVIGER_TRY(id, context.tokens->random_id());
  session.sid.assign(id.data(), id.size());
  session.sub = code.sub;
  session.client_id = code.client_id;
  session.scopes = code.scopes;
  session.acr = code.acr;
  session.amr = code.amr;
  session.auth_time = code.auth_time;
  session.created_at = numeric_date(now);
  session.last_used_at = session.created_at;
  session.expires_at = numeric_date(now + context.snapshot->settings->lifetimes.session_absolute);
  session.rotated_at_ms = now.time_since_epoch().count();
  session.certificate_digest = redemption.certificate_digest;
  session.dpop_key = redemption.dpop_key;
  session.source = code.source;
  session.refresh_salt.resize(kSaltBytes);
  CLAVIGER_TRY(salted, context.tokens->random().fill(std::as_writable_bytes(std::span(session.refresh_salt))));
  return session;
}

storage::Transaction transaction_of(const Context& context, const std::string& tenant, AuthorizationCode code,
                                    const User& user, const Session& session) {
  storage::Transaction transaction;
  const std::string key = code_key(tenant, code.digest);
  transaction.expect_version(tables::kCodes, key, code.version);
  code.session = session.sid;
  transaction.put(tables::kCodes, key, as_bytes(encode_code(code)), session.created_at + kRedeemedCodeKept.count());
  // He is not disabled, removed or given another password while we look away.
  transaction.expect_version(tables::kUsers, user_key(tenant, user.sub), user.version);
  transaction.expect_absent(tables::kSessions, session_key(tenant, session.sid));
  put_session(transaction, tenant, session, context.snapshot->settings->lifetimes.session_idle);
  transaction.put(tables::kUserSessions, user_session_key(tenant, session.sub, session.sid), {}, session.expires_at);
  return transaction;
}

GrantedSession granted_of(Session session, const User& user, std::string nonce) {
  GrantedSession granted;
  const McIdentities identities = identities_for(session.scopes, user);
  granted.mcptt_id = identities.mcptt_id;
  granted.mcvideo_id = identities.mcvideo_id;
  granted.mcdata_id = identities.mcdata_id;
  granted.scopes = session.scopes;
  granted.generation = session.refresh_generation;
  granted.nonce = std::move(nonce);
  granted.session = std::move(session);
  return granted;
}

Task<Result<AuthorizationCode>> read_code(Context* context, std::string tenant, std::string digest) {
  auto value = co_await context->store.get(tables::kCodes, code_key(tenant, digest));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::CodeInvalid, "code"};
  if (!value) co_return value.error();
  co_return decode_code(*value, digest);
}

// RFC 6749 clause 10.5.
Task<Result<GrantedSession>> refuse_reuse(Context* context, std::string tenant, std::string sid) {
  auto ended = co_await end_session_here(context, std::move(tenant), std::move(sid), SessionState::Revoked);
  // It may have expired by itself; anything else must be known, or a thief would keep what he has.
  if (!ended && !ended.failed_with(Code::SessionUnknown)) co_return ended.error();
  co_return Error{Code::CodeReused, "code"};
}

Task<Result<GrantedSession>> redeem_at_home(Context* context, Redemption redemption) {
  auto turn = co_await context->identity->turns().take(home_name("code", redemption.tenant, redemption.digest));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    // 1. The code and what it is bound to.
    CLAVIGER_CO_TRY(code, co_await read_code(context, redemption.tenant, redemption.digest));
    const auto checked = check_code(code, redemption, numeric_date(context->shard.wall()));
    if (checked.failed_with(Code::CodeReused)) {
      co_return co_await refuse_reuse(context, redemption.tenant, code.session);
    }
    if (!checked) co_return checked.error();
    // 2. The user may still sign in, and nothing has ended his sign-ins since.
    auto user = co_await read_user(context, redemption.tenant, code.sub);
    if (user.failed_with(Code::UserUnknown)) co_return Error{Code::SessionEnded, "code.user"};
    if (!user) co_return user.error();
    if (user->status != UserStatus::Enabled || code.auth_time < user->not_before) {
      co_return Error{Code::SessionEnded, "code.user"};
    }
    // 3. The session.
    CLAVIGER_CO_TRY(session, session_of(*context, code, redemption, context->shard.wall()));
    std::string nonce = code.nonce;
    auto committed = co_await context->store.commit(
        transaction_of(*context, redemption.tenant, std::move(code), *user, session));
    if (committed) {
      context->figures->sessions_started.add();
      co_return granted_of(std::move(session), *user, std::move(nonce));
    }
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "code"};
}

}  // namespace

Task<Result<GrantedSession>> redeem_code(Context* context, Redemption redemption) {
  runtime::Shard* home = &context->home_of(home_name("code", redemption.tenant, redemption.digest));
  Context* there = &context->at(*home);
  auto start = [there, redemption = std::move(redemption)]() mutable {
    return redeem_at_home(there, std::move(redemption));
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

}  // namespace claviger::identity
