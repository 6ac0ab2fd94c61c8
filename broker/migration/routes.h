// The HTTPS side of migration. Below /migration/v1/{tenant}, for other systems (system_caller.h):
//
//   GET    /bindings?primary_system=&after=&limit=   bindings of the caller's users here
//   GET    /bindings/{partner_impi}                  one, with its version as ETag
//   PUT    /bindings/{partner_impi}                  makes or changes one (If-Match): 201, 200, 409, 412, 422
//   PUT    /bindings/{partner_impi}/held             its user is disabled at home, or enabled again: 204
//   DELETE /bindings/{partner_impi}                  revokes it (If-Match): 204
//   POST   /bindings:batch                           up to 1000, a result each
//   POST   /migrants                                 identities for one of the caller's users: 201, 200
//   POST   /migrants:ended                           the caller has revoked the binding of one of our users: 204
//   POST   /service-authorizations                   may this user of ours migrate to the caller
// Below /idms/v1/{tenant}/migration, for devices, with the access token of their user:
//
//   POST   /configuration                            migration connectivity information, from the primary system
//   POST   /service-authorization                    the MC service authorisation request, to the partner system
#pragma once

#include "broker/migration/migration.h"
#include "core/http/router.h"

namespace claviger::migration {

// `migration` outlives the listener.
void add_migration_routes(http::Router& router, Migration& migration);

}  // namespace claviger::migration
