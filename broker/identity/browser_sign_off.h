// What a sign-off with an id_token_hint ends beside the session that the hint names: in the browser it came from, one
// sign-in serves several clients (authenticators/browser_session.h), and who signs off there is signed in at none of
// them (OIDC RP-Initiated Logout clause 2, Back-Channel Logout clause 2.3: each is told).
//
// In this order: who signs off beside the hint, then the browser's own session is marked (end_browser_session()), so
// that no request of the same browser gets a session from it any more, then the sessions end. Any shard. Clients that
// the browser's sign-in does not serve, such as those of the MC profile, keep their sessions, and so does everybody
// else on the device.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "broker/identity/interaction.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// The sub of the user who signs off in the browser, too; empty: it is another than the hint's, its sign-in is over, or
// nobody knows the device. `browser`: of the request's cookie; `ue_id`: what the request comes from; `subject`: whom
// the hint names, as `client` knows him.
runtime::Task<Result<std::string>> who_signs_off(broker::Context* context, std::string tenant, Interaction browser,
                                                 std::string ue_id, ClientRef client, std::string subject);
// All of his on this device that the browser's one sign-in serves. What has ended stays so: it can be asked again.
runtime::Task<Result<Unit>> end_sessions_served(broker::Context* context, std::string tenant, std::string ue_id,
                                                std::string sub);

}  // namespace claviger::identity
