// POST /idms/v1/{tenant}/token: authorization_code, refresh_token, client_credentials (RFC 6749 clauses 4.1.3, 4.4, 6;
// TS 33.180 clauses B.4.2.4 and B.5).
//
// client_credentials of a client seen before is answered inline: cache, signature, slab; no coroutine, no store.
#pragma once

#include "broker/identity/routes.h"

namespace claviger::identity {

void add_token_route(http::Router& router, Contexts& contexts, ExtensionGrants extensions);

}  // namespace claviger::identity
