// Sign-off that a client begins (OIDC RP-Initiated Logout 1.0; spec 4.6).
//
// With a valid id_token_hint its session ends at once. Without one anybody could have led the browser here: then the user
// is asked, on a page that only this browser can send back, and everybody on its device is signed off.
#pragma once

#include "broker/identity/routes.h"

namespace claviger::identity {

void add_logout_routes(http::Router& router, Contexts& contexts);

}  // namespace claviger::identity
