// POST /idms/v1/{tenant}/sign-in: the login form comes back (TS 24.482 clause 6.3.1 step 4 and 5), and its style sheet.
//
// The answer to a right password is 302 to the client; to a wrong one the form again (200), or 401 as JSON.
#pragma once

#include "broker/identity/routes.h"

namespace claviger::identity {

void add_sign_in_routes(http::Router& router, Contexts& contexts);

}  // namespace claviger::identity
