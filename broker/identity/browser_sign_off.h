// What a sign-off with an id_token_hint ends beside the session that the hint names: in the browser it came from, one
// sign-in serves several clients (authenticators/browser_session.h), and who signs off there is signed in at none of them
// (OIDC RP-Initiated Logout clause 2, Back-Channel Logout clause 2.3: each is told).
//
// Called on any shard, before the browser's session is ended itself. Clients that the browser's sign-in does not serve, such
// as those of the MC profile, keep their sessions, and so does everybody else on the device.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "broker/identity/interaction.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// `browser`: of the request's cookie. `ue_id`: what the request comes from; empty: nobody knows, and nothing ends. `subject`:
// whom the hint names, as `client` knows him; another user than the browser's: nothing ends.
runtime::Task<Result<Unit>> end_sessions_beside(broker::Context* context, std::string tenant, Interaction browser,
                                                std::string ue_id, ClientRef client, std::string subject);

}  // namespace claviger::identity
