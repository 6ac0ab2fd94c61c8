// What follows a right password: a second factor, the enrolment of one, or going on in a browser that is signed in.
//
// For broker/identity/sign_in_procedure.cc; runs where that does, at home_of("login/" tenant "/" login), so that all
// tries at one user's second factor are counted in one place. A right answer is used up in the transaction that makes
// the code.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/identity/sign_in_procedure.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// Of this user, for the request's client, with what he has enrolled.
runtime::Task<Result<SignInPlan>> plan_for(broker::Context* context, const SignIn* request, std::string sub,
                                           SignInProgress progress);
// The password was right and does not do. `new_hash`: for it, with present parameters; empty: has them.
runtime::Task<Result<SignInOutcome>> ask_for_more(broker::Context* context, const SignIn* request, User user,
                                                  SignInPlan plan, std::string new_hash);
// SignIn::Step::SecondFactor, Session and Connection.
runtime::Task<Result<SignInOutcome>> second_step_at_home(broker::Context* context, SignIn request);

}  // namespace claviger::identity
