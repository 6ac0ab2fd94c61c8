// A browser that is signed in: one sign-in serves several clients, prompt=none, max_age and step-up (OIDC Core clause
// 3.1.2.1, RFC 9470).
//
// Kept by the browser, sealed, and not by us: at 07:00 a hundred thousand sign-ins cost no record more, a restart ends
// nobody's session, and what must end it is read at each use anyway: the user's record (disabled, another password, all
// sessions ended: not_before) and the rows that a sign-off and an operator write (tables::kInteractions). Bound to the tenant, and to the
// UE it was made on: never taken on a shareable or gateway UE, nor on another one (spec 3.1, 3.3).
//
//   cookie = interaction (broker/identity/interaction.h) of the tenant's name and "/browser-session", which no tenant is
//            called; id, expiry, progress and ue of it count
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/authenticators/policy.h"
#include "broker/identity/authenticators/sign_in_progress.h"
#include "broker/identity/client.h"
#include "broker/identity/interaction.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// What is in the cookie; nothing when there is none, it is not ours or it has expired.
std::optional<Interaction> browser_session_of(const broker::Context& context, std::string_view tenant,
                                              const http::Request& request);
// A Set-Cookie field. CryptoFailure.
Result<std::string> browser_session_cookie(const broker::Context& context, std::string_view tenant,
                                           const SignInProgress& progress, const UeName& ue);
std::string no_browser_session_cookie(std::string_view tenant);

// May one sign-in serve this client, too?
bool allows_browser_session(BrowserSession policy, ClientProfile profile);

// Ended by one of those below, or on a UE where the next person may be somebody else.
runtime::Task<Result<bool>> is_browser_session_over(broker::Context* context, std::string tenant, Interaction session,
                                                    std::string ue_id);
// For sign-off: the cookie is worth nothing from now on, wherever copies of it are.
runtime::Task<Result<Unit>> end_browser_session(broker::Context* context, std::string tenant, Interaction session);
// For whoever ends a session without its browser at hand: no other session comes from the user's sign-in of that second.
runtime::Task<Result<Unit>> end_browser_sign_in(broker::Context* context, std::string tenant, std::string sub,
                                                std::int64_t auth_time);
// The same for a UE that all are signed off from, whoever it was and whether a session of his is left: every sign-in on it up
// to this second. A registered one that is lost and found again, or removed, brings nobody back either.
runtime::Task<Result<Unit>> end_browser_sign_ins_on(broker::Context* context, std::string tenant, std::string ue_id);

}  // namespace claviger::identity
