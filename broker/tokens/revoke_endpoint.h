// POST /idms/v1/{tenant}/revoke (RFC 7009): a client gives a token back.
//
// An access token: that jti is revoked. A refresh token: its session ends, and with it every token of the family. A
// token that is unknown or dead already is answered 200 like one that was revoked (clause 2.2); one that another client
// holds is refused and lives on (clause 2.1).
#pragma once

#include "broker/tokens/token_routes.h"

namespace claviger::tokens {

void add_revoke_route(http::Router& router, Contexts& contexts);

}  // namespace claviger::tokens
