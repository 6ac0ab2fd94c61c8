#include "broker/identity/sign_in_procedure.h"

#include <algorithm>
#include <optional>

#include "broker/identity/authenticators/second_step.h"
#include "broker/identity/authorization_code.h"
#include "broker/identity/consent.h"
#include "broker/identity/former_hash.h"
#include "broker/identity/id_token_hint.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/password_pool.h"
#include "broker/identity/redeem_procedure.h"
#include "broker/identity/requested_claims.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/sign_in_throttle.h"
#include "broker/identity/user_records.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;
using Kind = SignInOutcome::Kind;

}  // namespace

SignInOutcome outcome_of(Kind kind) {
  SignInOutcome outcome;
  outcome.kind = kind;
  return outcome;
}

namespace {

// The user of that login, or nothing; the unknown one costs as many reads as the known.
Task<Result<std::optional<User>>> find_by_login(Context* context, std::string tenant, std::string login) {
  auto sub = co_await read_login(context, tenant, login);
  if (!sub && !sub.failed_with(Code::UserUnknown)) co_return sub.error();
  std::string wanted = sub ? *sub : std::string("-");
  auto user = co_await read_user(context, tenant, std::move(wanted));
  if (user.failed_with(Code::UserUnknown)) co_return std::optional<User>();
  if (!user) co_return user.error();
  if (!sub) co_return std::optional<User>();
  co_return std::optional<User>(*std::move(user));
}

}  // namespace

// Codes and tokens have whole seconds, and everything up to not_before is dead: who signs in within the second of a
// password change waits for the next one.
Task<Result<Unit>> wait_out_not_before(Context* context, std::int64_t not_before) {
  if (numeric_date(context->shard.wall()) >= not_before) co_return Unit{};
  co_await context->shard.wait_until(context->shard.now() + Seconds(1) + runtime::TimerWheel::kTick);
  // The clock was set back since then: rare, and the sessions it would make were dead at once.
  if (numeric_date(context->shard.wall()) < not_before) co_return Error{Code::Overload, "sign_in.not_before"};
  co_return Unit{};
}

namespace {

NewCode make_code(const Context& context, const SignIn& request) {
  NewCode code;
  code.text = code_of(context.keys.interaction, request.tenant, request.interaction);
  code.digest = code_digest(as_text(code.text.reveal()));
  return code;
}

Result<AuthorizationCode> code_for(const SignIn& request, const User& user, const Reached& reached, std::string digest,
                                   std::int64_t now, Seconds lifetime) {
  ScopeList allowed(request.interaction.scopes.begin(), request.interaction.scopes.end());
  CLAVIGER_TRY(granted, grant_to_user(allowed, user));
  AuthorizationCode code;
  code.digest = std::move(digest);
  code.client_id = request.interaction.client_id;
  code.redirect_uri = request.interaction.redirect_uri;
  code.sub = user.sub;
  code.scopes.assign(granted.begin(), granted.end());
  code.challenge = request.interaction.challenge;
  code.nonce = request.interaction.nonce;
  code.dpop_key = request.interaction.dpop_key;
  code.acr = reached.plan.acr;
  code.amr = reached.plan.amr;
  code.auth_time = reached.auth_time == 0 ? now : reached.auth_time;
  code.source = request.source;
  code.ue = request.interaction.ue;
  code.issued_at = now;
  code.interaction_expires_at = request.interaction.expires_at;
  code.expires_at = now + lifetime.count();
  if (!request.interaction.claims.empty()) {
    CLAVIGER_TRY(claims, read_requested_claims(request.interaction.claims));
    code.claims = request.interaction.claims_allowed & claims_for_user(claims, user);
  }
  return code;
}

std::string interaction_key(const SignIn& request) {
  std::string id;
  codec::hex_encode(request.interaction.id, id);
  return broker::record_key({request.tenant, id});
}

// No code came of it, and it was not cancelled.
void expect_unused(const SignIn& request, const NewCode& code, storage::Transaction& transaction) {
  transaction.expect_absent(tables::kCodes, code_key(request.tenant, code.digest));
  transaction.expect_absent(tables::kInteractions, interaction_key(request));
}

}  // namespace

Task<Result<NewCode>> commit_code(Context* context, const SignIn* request, User user, std::string new_hash,
                                  Reached reached) {
  if (!request->interaction.subject.empty()) {
    std::string client_id = request->interaction.client_id;
    CLAVIGER_CO_TRY(client, co_await context->identity->clients().find(request->tenant, std::move(client_id)));
    const bool is_he = is_hinted_user(*context, request->tenant, *client, request->interaction.subject, user.sub);
    if (!is_he) co_return Error{Code::LoginRequired, "sign_in.id_token_hint"};
  }
  // Nor does a code outlive its client (redeem_procedure.h): after one that was disabled or removed in this second, the
  // next second is waited for, too.
  const std::int64_t client_since = client_not_before(*context, request->tenant, request->interaction.client_id);
  CLAVIGER_CO_TRY(waited, co_await wait_out_not_before(context, std::max(user.not_before, client_since)));
  NewCode made = make_code(*context, *request);
  const std::int64_t now = numeric_date(context->shard.wall());
  const Seconds lifetime = context->snapshot->settings->lifetimes.authorization_code;
  CLAVIGER_CO_TRY(code, code_for(*request, user, reached, made.digest, now, lifetime));
  std::vector<std::string> scopes = scopes_with_claims(code.scopes, code.claims);
  std::string client_id = code.client_id;
  auto must_ask = co_await must_ask_consent(context, request->tenant, user.sub, std::move(client_id),
                                            request->interaction.consent, std::move(scopes));
  if (!must_ask) co_return must_ask.error();
  made.must_ask_consent = *must_ask;
  // Until the user has read and agreed it is in nobody's hands.
  if (*must_ask) code.expires_at = now + context->snapshot->settings->lifetimes.interaction.count();
  storage::Transaction transaction = std::move(reached.with);
  storage::Transaction* kept = &transaction;
  expect_unused(*request, made, transaction);
  put_code(transaction, request->tenant, code, code.expires_at);
  // The password that was right is still his when the code is there: whoever changes it ends what went before.
  const std::string key = user_key(request->tenant, user.sub);
  transaction.expect_version(tables::kUsers, key, user.version);
  if (!new_hash.empty()) {
    CLAVIGER_CO_TRY(remembered,
                    co_await add_former_hash(context, request->tenant, user.sub, user.password_hash, new_hash, kept));
    user.password_hash = std::move(new_hash);
    transaction.put(tables::kUsers, key, as_bytes(encode_user(user)));
  }
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return std::move(made);
}

namespace {

// Empty when it cannot prove that it is itself.
std::string ue_source(const SignIn& request) {
  const UeName& ue = request.interaction.ue;
  if (ue.proof != UeProof::Cookie && ue.proof != UeProof::Key) return {};
  return "ue " + ue.ue_id;
}

}  // namespace

std::string source_for(SignInThrottle& throttle, const SignIn& request, std::string_view login, Monotonic now) {
  std::string ue = ue_source(request);
  if (!ue.empty() && throttle.is_known(request.tenant, login, ue, now)) return ue;
  return request.source;
}

void remember_source(SignInThrottle& throttle, const SignIn& request, std::string_view login, std::string_view source,
                     Monotonic now) {
  throttle.passed(request.tenant, login, source, now);
  const std::string ue = ue_source(request);
  if (!ue.empty()) throttle.remember(request.tenant, login, ue, now);
}

Task<Result<bool>> is_interaction_used(Context* context, const SignIn* request) {
  auto code = co_await read_code(context, request->tenant, make_code(*context, *request).digest);
  if (code) co_return true;
  if (!code.failed_with(Code::CodeInvalid)) co_return code.error();
  auto used = co_await context->store.get(tables::kInteractions, interaction_key(*request));
  if (used) co_return true;
  if (!used.failed_with(Code::NotFound)) co_return used.error();
  co_return false;
}

Task<Result<Unit>> cancel_sign_in(Context* context, SignIn request) {
  storage::Transaction transaction;
  expect_unused(request, make_code(*context, request), transaction);
  transaction.put(tables::kInteractions, interaction_key(request), {},
                  interaction_kept_until(request.interaction.expires_at));
  auto committed = co_await context->store.commit(std::move(transaction));
  if (committed.failed_with(Code::Conflict)) co_return Error{Code::InteractionUsed, "interaction"};
  if (!committed) co_return committed.error();
  co_return Unit{};
}

namespace {

// After the password was right. A Conflict is either this very interaction, used meanwhile, or a change of the user: then he
// is read again. His hash may be another by then, perhaps of the same password (his other device's sign-in has made one with
// present parameters), and is verified like the first.
Task<Result<SignInOutcome>> complete(Context* context, const SignIn* request, User user, std::string new_hash,
                                     SecretBytes password) {
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    if (user.status != UserStatus::Enabled) co_return outcome_of(Kind::Denied);
    CLAVIGER_CO_TRY(plan, co_await plan_for(context, request, user.sub, SignInProgress()));
    if (plan.next != SignInPlan::Next::Done) {
      auto asked = co_await ask_for_more(context, request, std::move(user), std::move(plan), std::move(new_hash));
      co_return asked;
    }
    const std::string_view acr = plan.acr;
    const BrowserSession browser_session = plan.browser_session;
    Reached reached;
    reached.plan = std::move(plan);
    auto code = co_await commit_code(context, request, user, new_hash, std::move(reached));
    if (code) {
      SignInOutcome passed = outcome_of(Kind::Passed);
      passed.code = std::move(code->text);
      passed.must_ask_consent = code->must_ask_consent;
      passed.progress = {user.sub, user.login, {}, numeric_date(context->shard.wall()), {}};
      passed.plan.acr = acr;
      passed.plan.browser_session = browser_session;
      co_return passed;
    }
    if (!code.failed_with(Code::Conflict)) co_return code.error();
    CLAVIGER_CO_TRY(used, co_await is_interaction_used(context, request));
    if (used) co_return Error{Code::InteractionUsed, "interaction"};
    auto again = co_await read_user(context, request->tenant, user.sub);
    if (again.failed_with(Code::UserUnknown)) co_return outcome_of(Kind::Wrong);
    if (!again) co_return again.error();
    if (again->password_hash != user.password_hash) {
      std::string hash = again->password_hash;
      CLAVIGER_CO_TRY(checked, co_await verify_password(context, password.duplicate(), std::move(hash)));
      if (!checked.is_right) co_return outcome_of(Kind::Wrong);
      new_hash = std::move(checked.new_hash);
    }
    user = *std::move(again);
  }
  co_return Error{Code::Conflict, "sign_in"};
}

// Step by step as numbered in the room's README.
Task<Result<SignInOutcome>> sign_in_at_home(Context* context, SignIn request, std::string login) {
  // 1. How often was this tried?
  SignInThrottle& throttle = context->identity->throttle();
  const std::string source = source_for(throttle, request, login, context->shard.now());
  const auto verdict =
      throttle.begin(context->snapshot->settings->limits, request.tenant, login, source, context->shard.now());
  if (!verdict.is_admitted) {
    SignInOutcome throttled = outcome_of(Kind::Throttled);
    throttled.retry_after = verdict.retry_after;
    // An operator is asked who cannot get in; who is nobody costs as much.
    if (auto sub = co_await read_login(context, request.tenant, login)) throttled.sub = *std::move(sub);
    co_return throttled;
  }
  // 2. Who is it? Nobody, and a user without a password, have a hash that nothing matches and that costs the same.
  auto found = co_await find_by_login(context, request.tenant, login);
  if (!found) {
    throttle.withdraw(request.tenant, login, source);
    co_return found.error();
  }
  std::optional<User> user = *std::move(found);
  std::string hash = user ? user->password_hash : std::string();
  if (hash.empty()) {
    CLAVIGER_CO_TRY(dummy, crypto::dummy_password_hash(argon2_parameters(*context->snapshot->settings)));
    hash = std::move(dummy);
  }
  // 3. Is it he?
  auto checked = co_await verify_password(context, request.password.duplicate(), std::move(hash));
  if (!checked) {
    throttle.withdraw(request.tenant, login, source);
    co_return checked.error();
  }
  if (!user || !checked->is_right) {
    SignInOutcome wrong = outcome_of(verdict.is_last ? Kind::Exhausted : Kind::Wrong);
    wrong.reason = !user ? "unknown user" : user->password_hash.empty() ? "no password" : "wrong password";
    if (user) wrong.sub = user->sub;
    co_return wrong;
  }
  remember_source(throttle, request, login, source, context->shard.now());
  // 4. The code.
  const SignIn* kept = &request;
  std::string sub = user->sub;
  auto outcome =
      co_await complete(context, kept, *std::move(user), std::move(checked->new_hash), std::move(request.password));
  if (outcome) outcome->sub = std::move(sub);
  co_return outcome;
}

// What the log says of a sign-in beside its outcome.
struct Whence {
  std::string tenant;
  std::string client_id;
  std::string source;
  std::string ue_id;
  std::string sub;  // who has proved his password; empty: nobody yet
};

std::string_view reason_of(const SignInOutcome& outcome) {
  if (!outcome.reason.empty()) return outcome.reason;
  switch (outcome.kind) {
    case Kind::Throttled:
      return "throttled";
    case Kind::Denied:
      return "disabled";
    case Kind::EnrolFirst:
      return "no second factor";
    case Kind::Unmet:
      return "less than the client wants";
    case Kind::Wrong:
    case Kind::Exhausted:
      return "wrong code";
    case Kind::Passed:
    case Kind::NextStep:
      break;
  }
  return {};
}

void count(Context* context, const SignInOutcome& outcome, const Whence& whence) {
  switch (outcome.kind) {
    case Kind::NextStep:
      return;
    case Kind::Passed:
      context->figures->sign_ins_passed.add();
      break;
    case Kind::Throttled:
      context->figures->sign_ins_throttled.add();
      break;
    case Kind::Wrong:
    case Kind::Exhausted:
    case Kind::Denied:
    case Kind::EnrolFirst:
    case Kind::Unmet:
      context->figures->sign_ins_failed.add();
      break;
  }
  // Without the name: people type passwords into the field above. Whose name it was says his `sub`.
  const std::string_view sub = !outcome.sub.empty()            ? std::string_view(outcome.sub)
                               : !outcome.progress.sub.empty() ? std::string_view(outcome.progress.sub)
                                                               : std::string_view(whence.sub);
  Logger& logger = context->shard.logger();
  if (outcome.kind == Kind::Passed) {
    logger.info("sign_in.passed", {{"tenant", whence.tenant},
                                   {"client", whence.client_id},
                                   {"source", whence.source},
                                   {"acr", outcome.plan.acr},
                                   {"ue", whence.ue_id},
                                   {"sub", sub}});
    return;
  }
  logger.info("sign_in.refused", {{"tenant", whence.tenant},
                                  {"client", whence.client_id},
                                  {"source", whence.source},
                                  {"reason", reason_of(outcome)},
                                  {"ue", whence.ue_id},
                                  {"sub", sub}});
}

}  // namespace

Task<Result<SignInOutcome>> sign_in(Context* context, SignIn request) {
  const Monotonic begun = context->shard.clock().monotonic();
  CLAVIGER_CO_TRY(progress, decode_progress(request.interaction.progress));
  const bool is_first = request.step == SignIn::Step::Password;
  const auto canonical = is_first ? canonical_login(request.login) : Result<std::string>(progress.login);
  // Nobody can have such a name or password; there is nothing to look up and nothing to learn from the time.
  if (!canonical || (is_first && (request.password.empty() || request.password.size() > crypto::kPasswordBytesMax))) {
    context->figures->sign_ins_failed.add();
    co_return outcome_of(Kind::Wrong);
  }
  const Whence whence{request.tenant, request.interaction.client_id, request.source, request.interaction.ue.ue_id,
                      is_first ? std::string() : progress.sub};
  runtime::Shard* home = &context->home_of(home_name("login", request.tenant, *canonical));
  Context* there = &context->at(*home);
  auto start = [there, request = std::move(request), login = *canonical]() mutable {
    if (request.step != SignIn::Step::Password) return second_step_at_home(there, std::move(request));
    return sign_in_at_home(there, std::move(request), std::move(login));
  };
  auto outcome = co_await runtime::call_on(home, std::move(start));
  context->figures->sign_in_latency.observe(context->shard.clock().monotonic() - begun);
  if (outcome) count(context, *outcome, whence);
  co_return outcome;
}

}  // namespace claviger::identity
