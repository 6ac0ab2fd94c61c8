#include "broker/identity/redeem_procedure.h"

#include <algorithm>
#include <optional>

#include "broker/identity/authorization_code.h"
#include "broker/identity/authorization_request.h"
#include "broker/identity/client_procedures.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/requested_claims.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_end.h"
#include "broker/identity/session_limit.h"
#include "broker/identity/session_records.h"
#include "broker/identity/ue_admission.h"
#include "broker/identity/ue_naming.h"
#include "broker/identity/user_records.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/base64url.h"
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
  // Places that the client no longer has are not where its codes go.
  if (!check_destination(*redemption.client, code.redirect_uri)) return Error{Code::CodeRedirect, "code.redirect_uri"};
  // RFC 9449 clause 10.
  if (!code.dpop_key.empty() && code.dpop_key != redemption.dpop_key) return Error{Code::TokenBinding, "code.dpop_key"};
  return Unit{};
}

// Sessions that begin together lie together: what a busy minute writes is one corner of the table, not a place of its
// own each. 96 random bits name one of a second's; who knows a sid can do nothing with it.
Result<std::string> make_sid(Context& context, std::int64_t now) {
  std::array<std::byte, 16> bytes;
  store_be(std::span(bytes).first<4>(), static_cast<std::uint32_t>(now));
  CLAVIGER_TRY(filled, context.tokens->random().fill(std::span(bytes).subspan<4>()));
  std::string sid;
  codec::base64url_encode(bytes, sid);
  return sid;
}

Result<Session> session_of(Context& context, const AuthorizationCode& code, const Redemption& redemption,
                           WallTime now) {
  Session session;
  CLAVIGER_TRY(sid, make_sid(context, numeric_date(now)));
  session.sid = std::move(sid);
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
  session.claims = code.claims;
  session.ue_id = redemption.ue_id;
  session.refresh_salt.resize(kSaltBytes);
  CLAVIGER_TRY(salted, context.tokens->random().fill(std::as_writable_bytes(std::span(session.refresh_salt))));
  return session;
}

storage::Transaction transaction_of(const Context& context, const std::string& tenant, AuthorizationCode code,
                                    const User& user, const Client& client, const Session& session) {
  storage::Transaction transaction;
  // Nor is his client: whoever ends what it has looks for sessions once, after the change.
  transaction.expect_version(tables::kClients, client_key(tenant, client.client_id), client.version);
  transaction.expect_version(tables::kCodes, code_key(tenant, code.digest), code.version);
  code.session = session.sid;
  put_code(transaction, tenant, code, session.created_at + kRedeemedCodeKept.count());
  // He is not disabled, removed or given another password while we look away.
  transaction.expect_version(tables::kUsers, user_key(tenant, user.sub), user.version);
  transaction.expect_absent(tables::kSessions, session_key(tenant, session.sid));
  put_session(transaction, tenant, session, context.snapshot->settings->lifetimes.session_idle);
  transaction.put(tables::kUserSessions, user_session_key(tenant, session.sub, session.sid), {}, session.expires_at);
  return transaction;
}

GrantedSession granted_of(Session session, Aimed aimed, const User& user, std::string nonce) {
  GrantedSession granted;
  const McIdentities identities = identities_for(aimed.scopes, user);
  granted.mcptt_id = identities.mcptt_id;
  granted.mcvideo_id = identities.mcvideo_id;
  granted.mcdata_id = identities.mcdata_id;
  granted.scopes = std::move(aimed.scopes);
  granted.audiences = std::move(aimed.audiences);
  granted.val_user_ids = user.val_user_ids;
  if ((session.claims & claim::kIdTokenName) != 0) granted.name = user.display_name;
  if ((session.claims & claim::kIdTokenUsername) != 0) granted.preferred_username = user.login;
  granted.generation = session.refresh_generation;
  granted.nonce = std::move(nonce);
  granted.session = std::move(session);
  return granted;
}

// RFC 6749 clause 10.5.
Task<Result<Unit>> end_reused(Context* context, std::string tenant, std::string sid) {
  auto ended = co_await end_session_here(context, std::move(tenant), std::move(sid), SessionState::Revoked);
  // It may have expired by itself; anything else must be known, or a thief would keep what he has.
  if (!ended && !ended.failed_with(Code::SessionUnknown)) co_return ended.error();
  co_return Unit{};
}

// For the UE's home: the code as its own home has read it. It may have changed since: then the commit conflicts.
struct OnUe {
  Redemption redemption;
  AuthorizationCode code;
};
// What a home says: done, or (only a code tells on which UE its sign-in was) it is the UE's home that has to do it.
struct Redeemed {
  std::optional<GrantedSession> granted;
  std::optional<OnUe> on_ue;
};
enum class Home : bool { OfCode, OfUe };

// On the shard and under the turn of `home`. `known`: the code, if it was read already.
Task<Result<Redeemed>> redeem_here(Context* context, Redemption* wanted, Home home,
                                   std::optional<AuthorizationCode> known) {
  Redeemed redeemed;
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    // 1. The code and what it is bound to.
    if (!known) {
      CLAVIGER_CO_TRY(found, co_await read_code(context, wanted->tenant, wanted->digest));
      known = std::move(found);
    }
    AuthorizationCode code = *std::move(known);
    known.reset();  // another try reads it anew
    const auto checked = check_code(code, *wanted, numeric_date(context->shard.wall()));
    if (checked.failed_with(Code::CodeReused)) {
      auto ended = co_await end_reused(context, wanted->tenant, code.session);
      co_return ended ? checked.error() : ended.error();
    }
    if (!checked) co_return checked.error();
    // 0: a former release has made it, and nobody knows.
    if (code.issued_at != 0 && code.issued_at < client_not_before(*context, wanted->tenant, wanted->client_id)) {
      co_return Error{Code::CodeInvalid, "code.client"};
    }
    if (home == Home::OfCode) {
      CLAVIGER_CO_TRY(ue_id, settle_ue(code.ue, wanted->ue_id));
      wanted->ue_id = std::move(ue_id);
      if (!wanted->ue_id.empty()) {
        redeemed.on_ue = OnUe{std::move(*wanted), std::move(code)};
        co_return redeemed;
      }
    }
    // 2. The user may still sign in, and nothing has ended his sign-ins since.
    auto user = co_await read_user(context, wanted->tenant, code.sub);
    if (user.failed_with(Code::UserUnknown)) co_return Error{Code::SessionEnded, "code.user"};
    if (!user) co_return user.error();
    if (user->status != UserStatus::Enabled || code.auth_time < user->not_before) {
      co_return Error{Code::SessionEnded, "code.user"};
    }
    // 3. The rules of the UE.
    Admission admission;
    if (!wanted->ue_id.empty()) {
      CLAVIGER_CO_TRY(admitted, co_await admit_on_ue(context, wanted->tenant, wanted->ue_id, code.sub, code.client_id));
      admission = std::move(admitted);
    }
    std::vector<std::string> leaving;
    for (const Session& replaced : admission.replaced) leaving.push_back(replaced.sid);
    CLAVIGER_CO_TRY(over, co_await find_over_limit(context, wanted->tenant, code.sub, std::move(leaving)));
    // 4. What the access token will open: a code must not be spent on an answer that cannot be given.
    CLAVIGER_CO_TRY(view, tenant_of(*context, wanted->tenant));
    CLAVIGER_CO_TRY(scopes, grant_still_allowed(code.scopes, *wanted->client));
    CLAVIGER_CO_TRY(aimed, aimed_at(view->tenant, scopes, wanted->resources));
    // 5. The session.
    CLAVIGER_CO_TRY(session, session_of(*context, code, *wanted, context->shard.wall()));
    std::string nonce = code.nonce;
    storage::Transaction transaction =
        transaction_of(*context, wanted->tenant, std::move(code), *user, *wanted->client, session);
    CLAVIGER_CO_TRY(added, add_admission(*context, transaction, wanted->tenant, admission, session));
    CLAVIGER_CO_TRY(bounded, add_over_limit(*context, transaction, wanted->tenant, over, *user));
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) {
      context->figures->sessions_started.add();
      // 6. Whom it replaced is refused everywhere before the tokens of this one leave.
      if (!admission.replaced.empty()) {
        CLAVIGER_CO_TRY(published, co_await publish_admission(context, wanted->tenant, std::move(admission), session));
      }
      if (!over.ending.empty()) {
        CLAVIGER_CO_TRY(published, co_await publish_over_limit(context, wanted->tenant, std::move(over)));
      }
      redeemed.granted = granted_of(std::move(session), std::move(aimed), *user, std::move(nonce));
      co_return redeemed;
    }
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
    // Another's doing, or the client is not what it was.
    CLAVIGER_CO_TRY(client, co_await client_as_it_stands(context, wanted->tenant, wanted->client_id));
    if (!client->may_code) co_return Error{Code::GrantNotAllowed, "code.client"};
    wanted->client = std::move(client);
  }
  co_return Error{Code::Conflict, "code"};
}

Task<Result<Redeemed>> redeem_at_home(Context* context, Redemption redemption, Home home,
                                      std::optional<AuthorizationCode> known) {
  std::string name = home == Home::OfCode ? home_name("code", redemption.tenant, redemption.digest)
                                          : home_name("ue", redemption.tenant, redemption.ue_id);
  auto turn = co_await context->identity->turns().take(std::move(name));
  if (!turn) co_return turn.error();
  Redemption* kept = &redemption;
  auto redeemed = co_await redeem_here(context, kept, home, std::move(known));
  co_return redeemed;
}

}  // namespace

std::int64_t client_not_before(const Context& context, std::string_view tenant, std::string_view client_id) {
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) return 0;
  return context.tokens->verifier().revocations().subject_not_before(view->tenant.issuer, client_id);
}

Task<Result<ClientRef>> client_as_it_stands(Context* context, std::string tenant, std::string client_id) {
  CLAVIGER_CO_TRY(client, co_await find_client(context, std::move(tenant), std::move(client_id)));
  if (!client.is_enabled) co_return Error{Code::ClientDisabled, "client"};
  co_return std::make_shared<const Client>(std::move(client));
}

Task<Result<GrantedSession>> redeem_code(Context* context, Redemption redemption) {
  runtime::Shard* home = &context->home_of(home_name("code", redemption.tenant, redemption.digest));
  Context* there = &context->at(*home);
  auto start = [there, redemption = std::move(redemption)]() mutable {
    return redeem_at_home(there, std::move(redemption), Home::OfCode, std::nullopt);
  };
  auto redeemed = co_await runtime::call_on(home, std::move(start));
  if (!redeemed) co_return redeemed.error();
  if (redeemed->granted) co_return *std::move(redeemed->granted);
  OnUe on_ue = *std::move(redeemed->on_ue);
  home = &context->home_of(home_name("ue", on_ue.redemption.tenant, on_ue.redemption.ue_id));
  there = &context->at(*home);
  auto start_there = [there, on_ue = std::move(on_ue)]() mutable {
    return redeem_at_home(there, std::move(on_ue.redemption), Home::OfUe, std::move(on_ue.code));
  };
  auto on_its_home = co_await runtime::call_on(home, std::move(start_there));
  if (!on_its_home) co_return on_its_home.error();
  co_return *std::move(on_its_home->granted);
}

}  // namespace claviger::identity
