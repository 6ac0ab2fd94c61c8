// GET and POST /idms/v1/{tenant}/userinfo (OIDC Core clause 5.3): who the bearer of an access token signed in as.
//
// Errors as RFC 6750 clause 3 wants them (spec 4.7), in WWW-Authenticate.
#pragma once

#include "broker/identity/routes.h"

namespace claviger::identity {

void add_userinfo_routes(http::Router& router, Contexts& contexts);

}  // namespace claviger::identity
