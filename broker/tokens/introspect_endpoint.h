// POST /idms/v1/{tenant}/introspect (RFC 7662): a resource server asks whether a token is good.
//
// The hot path of a system that does not verify by itself: when client and token were seen before, the answer is made
// inline, without a coroutine, a store access or a parse. Our own payload, whose members are those of RFC 7662 by
// design, is decoded straight into the answer.
#pragma once

#include "broker/tokens/token_routes.h"

namespace claviger::tokens {

void add_introspect_route(http::Router& router, Contexts& contexts);

}  // namespace claviger::tokens
