// A user proves who he is by his password and the client gets an authorization code (TS 33.180 clause B.4.2.3, TS
// 24.482 clause 6.3.1).
//
// Called on any shard; runs at home_of("login/" tenant "/" login), where all tries of one login are counted. The
// password is verified in the pool. Unknown users, wrong passwords and disabled users with a wrong password take the
// same way, the same time and give the same answer.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/identity/interaction.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"

namespace claviger::identity {

struct SignIn {
  std::string tenant;
  Interaction interaction;
  std::string login;     // as typed
  SecretBytes password;  // as typed
  std::string source;    // address of the peer
};

struct SignInOutcome {
  enum class Kind : std::uint8_t {
    Passed,     // `code` is there, durable
    Wrong,      // ask again
    Exhausted,  // wrong, and it was the last of the free tries: the sign-in is over
    Throttled,  // not looked at: `retry_after`
    Denied      // the password was right, but he may not sign in
  } kind = Kind::Wrong;
  SecretBytes code;
  Milliseconds retry_after{0};
  bool must_ask_consent = false;  // before the code leaves (consent.h)
};

// Errors: InteractionUsed; ScopeNothing (nothing of what the client asked for is his); Overload (password pool);
// Conflict (that would not end); what the store says.
runtime::Task<Result<SignInOutcome>> sign_in(broker::Context* context, SignIn request);

}  // namespace claviger::identity
