// POST /idms/v1/{tenant}/introspect (RFC 7662): a resource server asks whether a token is good.
//
// The hot path of a system that does not verify by itself: a client seen before and a token seen before are answered
// inline, without a coroutine, a store access or a parse: our own payload is spliced into the answer.
#pragma once

#include <memory>
#include <vector>

#include "broker/context.h"
#include "core/http/router.h"

namespace claviger::tokens {

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

void add_introspect_route(http::Router& router, Contexts& contexts);
void add_revoke_route(http::Router& router, Contexts& contexts);           // RFC 7009
void add_revocation_feed_route(http::Router& router, Contexts& contexts);  // GET …/revocations?since=N
void add_token_routes(http::Router& router, Contexts& contexts);           // all of these

}  // namespace claviger::tokens
