// A user's own sessions by API, with an access token of his that has scope openid: GET .../sessions lists the living ones,
// DELETE .../sessions/{sid} signs one off, DELETE .../sessions signs him off everywhere (spec 3.3 "user, all UEs").
#pragma once

#include "broker/identity/routes.h"

namespace claviger::identity {

void add_own_session_routes(http::Router& router, Contexts& contexts);

}  // namespace claviger::identity
