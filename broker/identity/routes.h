// The endpoints of this room: OpenID Connect (spec 1.2), discovery, JWKS, the login page.
//
// Handlers find their Context by the shard they run on. `contexts` lives as long as the router's listeners serve.
#pragma once

#include <memory>
#include <vector>

#include "broker/context.h"
#include "broker/identity/extension_grant.h"
#include "core/http/router.h"

namespace claviger::identity {

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

class SubscriberVectors;  // broker/identity/authenticators/subscriber_vectors.h

// `extensions`: grants of the token endpoint that rooms above this one serve. `vectors`: of the subscriber database; null:
// nobody signs in with a subscriber module here.
void add_identity_routes(http::Router& router, Contexts& contexts, ExtensionGrants extensions = {},
                         SubscriberVectors* vectors = nullptr);

inline broker::Context& here(Contexts& contexts) { return *contexts[runtime::Shard::current().index()]; }

}  // namespace claviger::identity
