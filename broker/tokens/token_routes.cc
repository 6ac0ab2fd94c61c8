#include "broker/tokens/token_routes.h"

#include "broker/tokens/introspect_endpoint.h"
#include "broker/tokens/revocation_feed_endpoint.h"
#include "broker/tokens/revoke_endpoint.h"

namespace claviger::tokens {

void add_token_routes(http::Router& router, Contexts& contexts) {
  add_introspect_route(router, contexts);
  add_revoke_route(router, contexts);
  add_revocation_feed_route(router, contexts);
}

}  // namespace claviger::tokens
