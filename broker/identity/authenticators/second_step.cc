#include "broker/identity/authenticators/second_step.h"

#include <algorithm>
#include <array>

#include "broker/identity/authenticators/authenticator.h"
#include "broker/identity/authenticators/failed_codes.h"
#include "broker/identity/former_hash.h"
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
  AuthenticatorRecord record;
  storage::Transaction with;
};

// What a user has enrolled, and what binds him.
struct Grounds {
  AuthenticationPolicy policy;
  std::vector<AuthenticatorRecord> enrolled;
};
Task<Result<Grounds>> grounds_for(Context* context, std::string tenant, std::string client_id, std::string sub) {
  Grounds grounds;
  CLAVIGER_CO_TRY(policy, co_await policy_for(context, tenant, std::move(client_id), sub));
  CLAVIGER_CO_TRY(enrolled, co_await read_authenticators(context, std::move(tenant), std::move(sub)));
  grounds.policy = std::move(policy);
  grounds.enrolled = std::move(enrolled);
  co_return grounds;
}

SignInPlan plan_with(const SignIn& request, const Grounds& grounds, const SignInProgress& progress) {
  const Passed passed{progress.first, progress.second};
  SignInPlan plan = plan_sign_in(request.interaction.acr, grounds.policy, grounds.enrolled, passed);
  if (plan.next == Next::SecondFactor || plan.next == Next::Enrol) plan.enrolled = grounds.enrolled;
  plan.browser_session = grounds.policy.browser_session;
  return plan;
}

void use_up(const std::string& tenant, const std::string& sub, AuthenticatorRecord used, Answered& answered) {
  const std::string key = authenticator_key(tenant, sub, used.kind, used.id);
  answered.kind = used.kind;
  answered.with.expect_version(tables::kAuthenticators, key, used.version);
  answered.with.put(tables::kAuthenticators, key, as_bytes(encode_authenticator(used)));
  answered.record = std::move(used);
}

Result<Proof> proof_for(Context& context, const SignIn& request, const User& user) {
  CLAVIGER_TRY(view, tenant_of(context, request.tenant));
  Proof proof;
  proof.tenant = request.tenant;
  proof.issuer = view->tenant.issuer;
  proof.sub = user.sub;
  proof.login = user.login;
  proof.interaction = request.interaction;
  // The script's answer is text of its own; a code is typed in groups.
  const bool is_script = !request.answer.empty();
  proof.typed = is_script ? SecretBytes(as_bytes(request.answer)) : without_separators(request.code);
  return proof;
}

// Did the request answer what this authenticator asks for?
bool is_answered_by(const Authenticator& authenticator, const SignIn& request) {
  return authenticator.input() == (request.answer.empty() ? Input::Code : Input::Script);
}

// Of those kinds; who asks somebody else comes last.
void keep_kinds(std::vector<AuthenticatorRecord>& records, const std::vector<std::string_view>& kinds) {
  std::erase_if(records, [&kinds](const AuthenticatorRecord& record) {
    return std::ranges::find(kinds, record.kind) == kinds.end();
  });
  // Not the one of std::ranges: clang 14 does not take libstdc++'s.
  std::stable_partition(records.begin(), records.end(), [](const AuthenticatorRecord& record) {
    return !find_authenticator(record.kind)->is_remote();
  });
}

// Nobody has looked at what was typed. A wrong answer to one of ours stays counted: else an outside verifier that is down
// would let people guess codes of ours.
void forget_try(Context& context, const SignIn& request, const User& user) {
  SignInThrottle& throttle = context.identity->second_factor_throttle();
  const std::string source = source_for(throttle, request, user.login, context.shard.now());
  throttle.withdraw(request.tenant, user.login, source);
  throttle.withdraw_total(request.tenant, user.login);
}

// After too many wrong codes: what nobody guesses.
void keep_spares(SignInPlan& plan) {
  std::erase_if(plan.kinds, [](std::string_view kind) { return !find_authenticator(kind)->is_spare(); });
}

Task<Result<Answered>> judge_all(Context* context, const SignIn* request, User user,
                                 std::vector<AuthenticatorRecord> enrolled, SignInPlan plan) {
  Answered answered;
  bool has_judged = false;
  keep_kinds(enrolled, plan.kinds);
  for (AuthenticatorRecord& record : enrolled) {
    if (!answered.kind.empty() || answered.is_replay) break;
    const Authenticator* authenticator = find_authenticator(record.kind);
    CLAVIGER_CO_TRY(proof, proof_for(*context, *request, user));
    if (!is_answered_by(*authenticator, *request)) continue;
    if (!authenticator->could_be(as_text(proof.typed.reveal()), record)) continue;
    proof.record = std::move(record);
    auto judged = co_await authenticator->judge(context, std::move(proof));
    if (!judged && authenticator->is_remote() && !has_judged) forget_try(*context, *request, user);
    CLAVIGER_CO_TRY(judgement, std::move(judged));
    has_judged = true;
    answered.is_replay = judgement.is_replay;
    if (!judgement.is_right) continue;
    judgement.record.last_used_at = numeric_date(context->shard.wall());
    use_up(request->tenant, user.sub, std::move(judgement.record), answered);
  }
  co_return answered;
}

// The first answer of what was offered on the page.
Task<Result<Answered>> judge_enrolment(Context* context, const SignIn* request, User user, std::size_t enrolled,
                                       SignInPlan plan) {
  Answered answered;
  if (enrolled >= kAuthenticatorsMax) co_return answered;
  for (const std::string_view kind : plan.kinds) {
    const Authenticator* authenticator = find_authenticator(kind);
    if (!answered.kind.empty() || !is_answered_by(*authenticator, *request)) continue;
    CLAVIGER_CO_TRY(proof, proof_for(*context, *request, user));
    CLAVIGER_CO_TRY(id, context->tokens->random_id());
    proof.record.kind = kind;
    proof.record.id.assign(id.data(), id.size());
    proof.record.created_at = numeric_date(context->shard.wall());
    proof.record.last_used_at = proof.record.created_at;
    CLAVIGER_CO_TRY(judgement, co_await authenticator->enrol(context, std::move(proof)));
    if (!judgement.is_right) continue;
    AuthenticatorRecord& made = judgement.record;
    if (!made.serial.empty()) {
      std::string serial = made.serial;
      CLAVIGER_CO_TRY(owner, co_await find_credential(context, request->tenant, made.kind, std::move(serial)));
      if (owner) continue;  // spec 3.2: for one user at most
    }
    const std::string key = authenticator_key(request->tenant, user.sub, made.kind, made.id);
    answered.kind = made.kind;
    // He is the same, and what he has enrolled is still what was planned with: whoever adds writes his record anew.
    answered.with.expect_version(tables::kUsers, user_key(request->tenant, user.sub), user.version);
    answered.with.put(tables::kUsers, user_key(request->tenant, user.sub), as_bytes(encode_user(user)));
    answered.with.expect_absent(tables::kAuthenticators, key);
    answered.with.put(tables::kAuthenticators, key, as_bytes(encode_authenticator(made)));
    claim_credential(answered.with, request->tenant, user.sub, made);
    answered.record = std::move(made);
  }
  co_return answered;
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
  const std::string_view acr = plan.acr;
  const BrowserSession browser_session = plan.browser_session;
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
  passed.plan.acr = acr;
  passed.plan.browser_session = browser_session;
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

SignInOutcome wrong_answer(SignInPlan plan, SignInProgress progress, bool is_last) {
  SignInOutcome wrong = next_step(std::move(plan), std::move(progress));
  wrong.kind = is_last ? Kind::Exhausted : Kind::Wrong;
  return wrong;
}

// The credential that the connection proved is used: it is still his when the code is there.
Result<Answered> used_connection(Context& context, const SignIn& request, const User& user,
                                 const SignInProgress& progress, const std::vector<AuthenticatorRecord>& enrolled) {
  Answered answered;
  for (const AuthenticatorRecord& record : enrolled) {
    if (record.kind != progress.first || record.id != request.credential_id) continue;
    AuthenticatorRecord used = record;
    used.last_used_at = numeric_date(context.shard.wall());
    use_up(request.tenant, user.sub, std::move(used), answered);
    return answered;
  }
  return Error{Code::UserUnknown, "sign_in.connection"};  // taken from him meanwhile
}

// One try; Conflict when it must be run again from its first read.
Task<Result<SignInOutcome>> try_once(Context* context, const SignIn* request, SignInProgress progress, bool is_last) {
  auto found = co_await user_of_progress(context, request->tenant, progress);
  if (found.failed_with(Code::UserUnknown)) co_return outcome_of(Kind::Denied);
  if (!found) co_return found.error();
  User user = *std::move(found);
  if (user.status != UserStatus::Enabled) co_return outcome_of(Kind::Denied);
  std::string client_id = request->interaction.client_id;
  CLAVIGER_CO_TRY(grounds, co_await grounds_for(context, request->tenant, std::move(client_id), user.sub));
  SignInPlan plan = plan_with(*request, grounds, progress);
  Answered answered;
  if (request->step == SignIn::Step::Connection) {
    auto used = used_connection(*context, *request, user, progress, grounds.enrolled);
    if (used.failed_with(Code::UserUnknown)) co_return outcome_of(Kind::Denied);
    CLAVIGER_CO_TRY(taken, std::move(used));
    answered = std::move(taken);
  }
  if (plan.next == Next::Done) {
    co_return co_await pass(context, request, std::move(user), std::move(progress), std::move(plan),
                            std::move(answered.with));
  }
  if (plan.next != Next::SecondFactor && plan.next != Next::Enrol) co_return refused_plan(plan);
  if (request->step != SignIn::Step::SecondFactor) co_return next_step(std::move(plan), std::move(progress));

  const std::size_t count = grounds.enrolled.size();
  const bool is_code = plan.next == Next::SecondFactor && request->answer.empty();
  WrongCodes wrong_codes;
  if (is_code) {
    CLAVIGER_CO_TRY(counted, co_await read_wrong_codes(context, request->tenant, user.sub));
    wrong_codes = counted;
  }
  SignInPlan judging = plan;
  if (wrong_codes.is_locked()) keep_spares(judging);
  if (plan.next == Next::Enrol) {
    CLAVIGER_CO_TRY(judged, co_await judge_enrolment(context, request, user, count, plan));
    answered = std::move(judged);
  } else {
    CLAVIGER_CO_TRY(judged, co_await judge_all(context, request, user, grounds.enrolled, judging));
    answered = std::move(judged);
  }
  if (answered.kind.empty()) {
    if (answered.is_replay) {
      context->shard.logger().warning("sign_in.replay", {{"tenant", request->tenant}, {"sub", user.sub}});
    }
    if (is_code && !wrong_codes.is_locked()) {
      CLAVIGER_CO_TRY(now_wrong, co_await count_wrong_code(context, request->tenant, user.sub));
      if (now_wrong >= kWrongCodesMax) {
        context->shard.logger().warning("sign_in.codes_locked", {{"tenant", request->tenant}, {"sub", user.sub}});
      }
    }
    co_return wrong_answer(std::move(plan), std::move(progress), is_last);
  }
  if (wrong_codes.count != 0) forget_wrong_codes(answered.with, request->tenant, user.sub);
  progress.second = answered.kind;
  if (plan.next == Next::Enrol) grounds.enrolled.push_back(std::move(answered.record));
  SignInPlan reached = plan_with(*request, grounds, progress);
  if (reached.next == Next::Done) {
    co_return co_await pass(context, request, std::move(user), std::move(progress), std::move(reached),
                            std::move(answered.with));
  }
  // He showed what he has, so that he may enrol what is asked for.
  if (reached.next != Next::SecondFactor && reached.next != Next::Enrol) co_return refused_plan(reached);
  auto committed = co_await context->store.commit(std::move(answered.with));
  if (!committed) co_return committed.error();
  co_return next_step(std::move(reached), std::move(progress));
}

}  // namespace

Task<Result<SignInPlan>> plan_for(Context* context, const SignIn* request, std::string sub, SignInProgress progress) {
  std::string client_id = request->interaction.client_id;
  CLAVIGER_CO_TRY(grounds, co_await grounds_for(context, request->tenant, std::move(client_id), std::move(sub)));
  co_return plan_with(*request, grounds, progress);
}

Task<Result<SignInOutcome>> ask_for_more(Context* context, const SignIn* request, User user, SignInPlan plan,
                                         std::string new_hash) {
  if (plan.next != Next::SecondFactor && plan.next != Next::Enrol) co_return refused_plan(plan);
  if (!new_hash.empty()) {
    const std::string key = user_key(request->tenant, user.sub);
    storage::Transaction transaction;
    transaction.expect_version(tables::kUsers, key, user.version);
    storage::Transaction* kept = &transaction;
    CLAVIGER_CO_TRY(remembered,
                    co_await add_former_hash(context, request->tenant, user.sub, user.password_hash, new_hash, kept));
    user.password_hash = std::move(new_hash);
    transaction.put(tables::kUsers, key, as_bytes(encode_user(user)));
    auto committed = co_await context->store.commit(std::move(transaction));
    // Somebody changed him meanwhile: the next sign-in makes the new hash.
    if (!committed && !committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  CLAVIGER_CO_TRY(waited, co_await wait_out_not_before(context, user.not_before));
  SignInProgress progress{user.sub, user.login, {}, numeric_date(context->shard.wall()), {}};
  co_return next_step(std::move(plan), std::move(progress));
}

namespace {

// Nothing is looked at; the plan is for the page, which stays where it is.
Task<Result<SignInOutcome>> too_many(Context* context, const SignIn* request, SignInProgress progress,
                                     Milliseconds retry_after) {
  CLAVIGER_CO_TRY(plan, co_await plan_for(context, request, progress.sub, progress));
  SignInOutcome throttled = next_step(std::move(plan), std::move(progress));
  throttled.kind = Kind::Throttled;
  throttled.retry_after = retry_after;
  co_return throttled;
}

}  // namespace

Task<Result<SignInOutcome>> second_step_at_home(Context* context, SignIn request) {
  CLAVIGER_CO_TRY(progress, decode_progress(request.interaction.progress));
  const bool is_typed = request.step == SignIn::Step::SecondFactor;
  const SignIn* kept = &request;
  SignInThrottle& throttle = context->identity->second_factor_throttle();
  SignInThrottle::Verdict verdict;
  verdict.is_admitted = true;
  const std::string source = source_for(throttle, request, progress.login, context->shard.now());
  if (is_typed) {
    settings::Limits limits = context->snapshot->settings->limits;
    limits.sign_in_window = kWindow;
    verdict = throttle.begin(limits, request.tenant, progress.login, source, context->shard.now());
  }
  const bool is_counted = is_typed && verdict.is_admitted && request.answer.empty();
  if (is_counted) {
    verdict.retry_after =
        throttle.begin_total({kCodesPerWindow, kCodesWindow}, request.tenant, progress.login, context->shard.now());
    verdict.is_admitted = verdict.retry_after == Milliseconds{0};
  }
  if (!verdict.is_admitted) {
    co_return co_await too_many(context, kept, std::move(progress), verdict.retry_after);
  }
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    auto outcome = co_await try_once(context, kept, progress, verdict.is_last);
    const bool is_right = outcome && (outcome->kind == Kind::Passed || outcome->kind == Kind::NextStep);
    if (is_right && is_typed) {
      remember_source(throttle, request, progress.login, source, context->shard.now());
    }
    if (is_right && is_counted) throttle.withdraw_total(request.tenant, progress.login);
    if (!outcome.failed_with(Code::Conflict)) co_return outcome;
    CLAVIGER_CO_TRY(used, co_await is_interaction_used(context, kept));
    if (used) co_return Error{Code::InteractionUsed, "interaction"};
  }
  co_return Error{Code::Conflict, "sign_in.second_step"};
}

}  // namespace claviger::identity
