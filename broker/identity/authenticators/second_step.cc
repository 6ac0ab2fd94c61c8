#include "broker/identity/authenticators/second_step.h"

#include <algorithm>
#include <array>

#include "broker/identity/authenticators/authenticator.h"
#include "broker/identity/authenticators/enrolment.h"
#include "broker/identity/authenticators/otp_match.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/sign_in_throttle.h"
#include "broker/identity/user_records.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;
using Kind = SignInOutcome::Kind;
using Next = SignInPlan::Next;

// Whoever comes here knows the password: five tries in five minutes at six digits (spec 3.4).
constexpr Seconds kWindow{300};
// What people type is short; a longer text is no answer to any of our questions.
constexpr std::size_t kTypedBytesMax = 64;

// Blanks and hyphens off, as codes are printed in groups.
SecretBytes without_separators(const SecretBytes& typed) {
  if (typed.size() > kTypedBytesMax) return {};
  std::array<std::byte, kTypedBytesMax> kept;
  std::size_t size = 0;
  for (const std::byte byte : typed.reveal()) {
    if (byte != std::byte{' '} && byte != std::byte{'-'}) kept[size++] = byte;
  }
  SecretBytes text(Bytes(kept).first(size));
  wipe(kept);
  return text;
}

// A right answer, and what to write so that it is never right again.
struct Answered {
  std::string kind;  // empty: wrong
  bool is_replay = false;
  storage::Transaction with;
};

Task<Result<Answered>> judge_all(Context* context, const SignIn* request, std::string sub,
                                 std::vector<AuthenticatorRecord> enrolled, SignInPlan plan, SecretBytes typed) {
  Answered answered;
  for (AuthenticatorRecord& record : enrolled) {
    if (std::ranges::find(plan.kinds, record.kind) == plan.kinds.end()) continue;
    const Authenticator* authenticator = find_authenticator(record.kind);
    if (!authenticator->could_be(as_text(typed.reveal()), record)) continue;
    Proof proof;
    proof.tenant = request->tenant;
    proof.sub = sub;
    proof.record = std::move(record);
    proof.typed = typed.duplicate();
    CLAVIGER_CO_TRY(judgement, co_await authenticator->judge(context, std::move(proof)));
    answered.is_replay = answered.is_replay || judgement.is_replay;
    if (!judgement.is_right || !answered.kind.empty()) continue;
    AuthenticatorRecord& used = judgement.record;
    used.last_used_at = numeric_date(context->shard.wall());
    const std::string key = authenticator_key(request->tenant, sub, used.kind, used.id);
    answered.kind = used.kind;
    answered.with.expect_version(tables::kAuthenticators, key, used.version);
    answered.with.put(tables::kAuthenticators, key, as_bytes(encode_authenticator(used)));
  }
  co_return answered;
}

// The first code of the app proves that it has the seed that we showed.
Result<Answered> judge_enrolment(Context& context, const SignIn& request, const User& user, std::size_t enrolled,
                                 const SecretBytes& typed) {
  Answered answered;
  AuthenticatorRecord record;
  record.kind = "totp";
  if (enrolled >= kAuthenticatorsMax || !is_otp(as_text(typed.reveal()), record.digits)) return answered;
  const auto seed = offered_seed(context.keys.interaction, request.tenant, user.sub, request.interaction);
  const std::int64_t now = numeric_date(context.shard.wall());
  CLAVIGER_TRY(match, match_totp(seed.reveal(), record, as_text(typed.reveal()), now));
  if (!match.counter) return answered;
  CLAVIGER_TRY(id, context.tokens->random_id());
  record.id.assign(id.data(), id.size());
  record.counter = *match.counter;
  record.created_at = now;
  record.last_used_at = now;
  CLAVIGER_TRY(sealed, seal_secret(context, request.tenant, user.sub, seed.reveal(), record));
  const std::string key = authenticator_key(request.tenant, user.sub, record.kind, record.id);
  answered.kind = record.kind;
  // He is the same, and what he has enrolled is still what was planned with.
  answered.with.expect_version(tables::kUsers, user_key(request.tenant, user.sub), user.version);
  answered.with.expect_absent(tables::kAuthenticators, key);
  answered.with.put(tables::kAuthenticators, key, as_bytes(encode_authenticator(record)));
  return answered;
}

SignInOutcome next_step(SignInPlan plan, SignInProgress progress) {
  SignInOutcome outcome = outcome_of(Kind::NextStep);
  outcome.plan = std::move(plan);
  outcome.progress = std::move(progress);
  return outcome;
}

SignInOutcome refused_plan(const SignInPlan& plan) {
  switch (plan.next) {
    case Next::EnrolFirst:
      return outcome_of(Kind::EnrolFirst);
    case Next::Forbidden:
      return outcome_of(Kind::Denied);
    default:
      return outcome_of(Kind::Unmet);
  }
}

Task<Result<SignInOutcome>> pass(Context* context, const SignIn* request, User user, SignInProgress progress,
                                 SignInPlan plan, storage::Transaction with) {
  Reached reached;
  reached.plan = std::move(plan);
  reached.auth_time = progress.auth_time;
  reached.with = std::move(with);
  auto code = co_await commit_code(context, request, std::move(user), std::string(), std::move(reached));
  if (!code) co_return code.error();
  SignInOutcome passed = outcome_of(Kind::Passed);
  passed.code = std::move(code->text);
  passed.must_ask_consent = code->must_ask_consent;
  passed.progress = std::move(progress);
  co_return passed;
}

// The user of the progress, when what he has proved still counts.
Task<Result<User>> user_of_progress(Context* context, std::string tenant, SignInProgress progress) {
  auto user = co_await read_user(context, tenant, progress.sub);
  if (!user) co_return user.error();
  // He was given another password, or all his sessions were ended, since.
  if (progress.auth_time < user->not_before) co_return Error{Code::UserUnknown, "sign_in.progress"};
  co_return user;
}

// One try; Conflict when it must be run again from its first read.
Task<Result<SignInOutcome>> try_once(Context* context, const SignIn* request, SignInProgress progress, bool is_last) {
  auto found = co_await user_of_progress(context, request->tenant, progress);
  if (found.failed_with(Code::UserUnknown)) co_return outcome_of(Kind::Denied);
  if (!found) co_return found.error();
  User user = *std::move(found);
  if (user.status != UserStatus::Enabled) co_return outcome_of(Kind::Denied);
  CLAVIGER_CO_TRY(plan, co_await plan_for(context, request, user.sub, progress.second));
  storage::Transaction nothing;
  if (plan.next == Next::Done) {
    co_return co_await pass(context, request, std::move(user), std::move(progress), std::move(plan), std::move(nothing));
  }
  if (plan.next != Next::SecondFactor && plan.next != Next::Enrol) co_return refused_plan(plan);
  if (request->step == SignIn::Step::Session) co_return next_step(std::move(plan), std::move(progress));

  SecretBytes typed = without_separators(request->code);
  CLAVIGER_CO_TRY(enrolled, co_await read_authenticators(context, request->tenant, user.sub));
  Answered answered;
  if (plan.next == Next::Enrol) {
    CLAVIGER_CO_TRY(judged, judge_enrolment(*context, *request, user, enrolled.size(), typed));
    answered = std::move(judged);
  } else {
    CLAVIGER_CO_TRY(judged, co_await judge_all(context, request, user.sub, std::move(enrolled), plan,
                                               std::move(typed)));
    answered = std::move(judged);
  }
  if (answered.kind.empty()) {
    if (answered.is_replay) {
      context->shard.logger().warning("sign_in.replay", {{"tenant", request->tenant}, {"sub", user.sub}});
    }
    SignInOutcome wrong = next_step(std::move(plan), std::move(progress));
    wrong.kind = is_last ? Kind::Exhausted : Kind::Wrong;
    co_return wrong;
  }
  progress.second = answered.kind;
  SignInPlan reached = reached_with(answered.kind);
  co_return co_await pass(context, request, std::move(user), std::move(progress), std::move(reached),
                          std::move(answered.with));
}

}  // namespace

Task<Result<SignInPlan>> plan_for(Context* context, const SignIn* request, std::string sub, std::string second) {
  CLAVIGER_CO_TRY(policy, co_await policy_for(context, request->tenant, request->interaction.client_id, sub));
  CLAVIGER_CO_TRY(enrolled, co_await read_authenticators(context, request->tenant, sub));
  co_return plan_sign_in(request->interaction.acr, policy, enrolled, second);
}

Task<Result<SignInOutcome>> ask_for_more(Context* context, const SignIn* request, User user, SignInPlan plan,
                                         std::string new_hash) {
  if (plan.next != Next::SecondFactor && plan.next != Next::Enrol) co_return refused_plan(plan);
  if (!new_hash.empty()) {
    const std::string key = user_key(request->tenant, user.sub);
    storage::Transaction transaction;
    transaction.expect_version(tables::kUsers, key, user.version);
    user.password_hash = std::move(new_hash);
    transaction.put(tables::kUsers, key, as_bytes(encode_user(user)));
    auto committed = co_await context->store.commit(std::move(transaction));
    // Somebody changed him meanwhile: the next sign-in makes the new hash.
    if (!committed && !committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  CLAVIGER_CO_TRY(waited, co_await wait_out_not_before(context, user.not_before));
  SignInProgress progress{user.sub, user.login, {}, numeric_date(context->shard.wall())};
  co_return next_step(std::move(plan), std::move(progress));
}

Task<Result<SignInOutcome>> second_step_at_home(Context* context, SignIn request) {
  CLAVIGER_CO_TRY(progress, decode_progress(request.interaction.progress));
  const bool is_typed = request.step == SignIn::Step::SecondFactor;
  SignInThrottle& throttle = context->identity->second_factor_throttle();
  SignInThrottle::Verdict verdict;
  verdict.is_admitted = true;
  const std::string source = source_for(throttle, request, progress.login, context->shard.now());
  if (is_typed) {
    settings::Limits limits = context->snapshot->settings->limits;
    limits.sign_in_window = kWindow;
    verdict = throttle.begin(limits, request.tenant, progress.login, source, context->shard.now());
  }
  if (!verdict.is_admitted) {
    SignInOutcome throttled = outcome_of(Kind::Throttled);
    throttled.retry_after = verdict.retry_after;
    co_return throttled;
  }
  const SignIn* kept = &request;
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    auto outcome = co_await try_once(context, kept, progress, verdict.is_last);
    if (outcome && outcome->kind == Kind::Passed && is_typed) {
      remember_source(throttle, request, progress.login, source, context->shard.now());
    }
    if (!outcome.failed_with(Code::Conflict)) co_return outcome;
    CLAVIGER_CO_TRY(used, co_await is_interaction_used(context, kept));
    if (used) co_return Error{Code::InteractionUsed, "interaction"};
  }
  co_return Error{Code::Conflict, "sign_in.second_step"};
}

}  // namespace claviger::identity
