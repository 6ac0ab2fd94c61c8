// A user proves who he is by his password and the client gets an authorization code (TS 33.180 clause B.4.2.3, TS
// 24.482 clause 6.3.1).
//
// Called on any shard; runs at home_of("login/" tenant "/" login), where all tries of one login are counted. The
// password is verified in the pool. Unknown users, wrong passwords and disabled users with a wrong password take the
// same way, the same time and give the same answer.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/authenticators/sign_in_progress.h"
#include "broker/identity/interaction.h"
#include "broker/identity/user.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

struct SignIn {
  std::string tenant;
  Interaction interaction;
  std::string login;     // as typed
  SecretBytes password;  // as typed
  std::string source;    // address of the peer
  enum class Step : std::uint8_t {
    Password,
    SecondFactor,  // `interaction` says whose; `code` is what he typed
    Session,       // `interaction` says who is signed in in this browser; nothing was typed
    Connection     // `interaction` says whom the connection proved, by his authenticator `credential_id`
  } step = Step::Password;
  SecretBytes code;
  std::string answer;  // of the page's script; empty: `code` was typed
  std::string credential_id;
};

struct SignInOutcome {
  enum class Kind : std::uint8_t {
    Passed,      // `code` is there, durable
    Wrong,       // ask again
    Exhausted,   // wrong, and it was the last of the free tries: the sign-in is over
    Throttled,   // not looked at: `retry_after`
    Denied,      // the password was right, but he may not sign in
    NextStep,    // the password was right; `plan` says what else, `progress` goes into the interaction
    EnrolFirst,  // policy wants a second factor, and only an administrator can enrol one
    Unmet        // the client wants more than he can prove
  } kind = Kind::Wrong;
  SecretBytes code;
  Milliseconds retry_after{0};
  bool must_ask_consent = false;  // before the code leaves (consent.h)
  SignInPlan plan;
  SignInProgress progress;  // when passed: for the browser's session
  // For the operator's log alone: nothing of it may show in an answer.
  std::string sub;          // whose login it was; empty: nobody's
  std::string_view reason;  // of a refusal, a literal; empty: as `kind` says
};

// Errors: InteractionUsed; LoginRequired (he is not whom the client means: id_token_hint.h); ScopeNothing (nothing of what the client asked for is his); Overload (password pool);
// Conflict (that would not end); what the store says.
runtime::Task<Result<SignInOutcome>> sign_in(broker::Context* context, SignIn request);

// For authenticators/second_step.cc.

SignInOutcome outcome_of(SignInOutcome::Kind kind);
// Now, or when the second of a password change is over: what is signed in then outlives `not_before`. Overload.
runtime::Task<Result<Unit>> wait_out_not_before(broker::Context* context, std::int64_t not_before);
// What the throttle counts a try under: the UE, when he has signed in on it before and it proves itself; else the address.
class SignInThrottle;
std::string source_for(SignInThrottle& throttle, const SignIn& request, std::string_view login, Monotonic now);
// A try was right: forgotten, and he is known at the address and on the UE from now on.
void remember_source(SignInThrottle& throttle, const SignIn& request, std::string_view login, std::string_view source,
                     Monotonic now);
// What a sign-in has come to, and what must become durable with its code.
struct Reached {
  SignInPlan plan;
  std::int64_t auth_time = 0;
  storage::Transaction with;
};
struct NewCode {
  SecretBytes text;
  std::string digest;             // code_digest() of it
  bool must_ask_consent = false;  // before it leaves
};
// One transaction: the code is there, the interaction is used up, and a hash made with other parameters is replaced.
// Conflict: the interaction was used, or one of the expectations failed.
runtime::Task<Result<NewCode>> commit_code(broker::Context* context, const SignIn* request, User user,
                                           std::string new_hash, Reached reached);
// The user does not want: nothing comes of this interaction any more. InteractionUsed; what the store says.
runtime::Task<Result<Unit>> cancel_sign_in(broker::Context* context, SignIn request);
runtime::Task<Result<bool>> is_interaction_used(broker::Context* context, const SignIn* request);

}  // namespace claviger::identity
