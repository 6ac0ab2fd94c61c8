#include "broker/identity/routes.h"

#include "broker/identity/authorize_endpoint.h"
#include "broker/identity/consent_endpoint.h"
#include "broker/identity/discovery_endpoint.h"
#include "broker/identity/par_endpoint.h"
#include "broker/identity/logout_endpoint.h"
#include "broker/identity/own_sessions_endpoint.h"
#include "broker/identity/sign_in_endpoint.h"
#include "broker/identity/token_endpoint.h"
#include "broker/identity/userinfo_endpoint.h"

namespace claviger::identity {

void add_identity_routes(http::Router& router, Contexts& contexts, ExtensionGrants extensions,
                         SubscriberVectors* vectors) {
  add_authorize_routes(router, contexts, vectors);
  add_par_route(router, contexts);
  add_sign_in_routes(router, contexts);
  add_consent_route(router, contexts);
  add_token_route(router, contexts, std::move(extensions));
  add_userinfo_routes(router, contexts);
  add_own_session_routes(router, contexts);
  add_logout_routes(router, contexts);
  add_discovery_routes(router, contexts);
}

}  // namespace claviger::identity
