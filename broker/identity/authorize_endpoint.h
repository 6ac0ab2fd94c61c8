// GET and POST /idms/v1/{tenant}/authorize (TS 33.180 clause B.4.2.2, TS 24.482 clause 6.3.1, OIDC Core clause 3.1.2).
//
// Checks the request and answers with the login page, or as JSON to a UE that draws its own form. Writes nothing: the
// request goes along sealed in the page (interaction.h), so a flood of requests costs no store.
#pragma once

#include "broker/identity/routes.h"

namespace claviger::identity {

// `vectors` may be null (routes.h).
void add_authorize_routes(http::Router& router, Contexts& contexts, SubscriberVectors* vectors);

}  // namespace claviger::identity
