// The answer to a sign-in that is not over: the page, or the JSON, that asks for the next step.
//
// For the endpoints of broker/identity; on the shard of the request.
#pragma once

#include <string_view>

#include "broker/context.h"
#include "broker/identity/interaction.h"
#include "broker/identity/sign_in_procedure.h"
#include "core/http/message.h"

namespace claviger::identity {

// `outcome.plan` and `.progress` say what to ask of whom; the progress is sealed into the interaction, which stays the
// same one: it ends when it ended before, and it is used up by the code. `application`: the client's name. CryptoFailure.
Result<http::Response> ask_next_step(const broker::Context& context, const broker::TenantView& tenant,
                                     Interaction interaction, const SignInOutcome& outcome,
                                     const http::Request& request, std::string_view application, std::string_view alert,
                                     std::uint16_t status = 200);

}  // namespace claviger::identity
