// What an authorization request gets of a browser that is signed in already: a code at once, a question, or the second
// step only (step-up). OIDC Core clause 3.1.2.1: prompt, max_age.
//
// Called by authorize_endpoint on the shard of the request.
#pragma once

#include <optional>
#include <string>

#include "broker/context.h"
#include "broker/identity/authenticators/prompt.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/interaction.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// Nothing: he must type his password. Errors, to be sent to the client: LoginRequired and InteractionRequired for
// prompt=none; what the store says. `request` lives in the caller's frame.
runtime::Task<Result<std::optional<http::Response>>> answer_from_session(broker::Context* context, std::string tenant,
                                                                         const http::Request* request,
                                                                         ClientRef client, Interaction interaction,
                                                                         Prompt prompt);

}  // namespace claviger::identity
