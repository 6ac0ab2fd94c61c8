// AEF_Security_API (TS 29.222 clause 8.13; TS 33.122): what the key management server serves as an API exposing function,
// below {apiRoot}/aef-security/v1.
//
//   POST check-authentication   an API invoker announces itself. It shows that it is the one: by its certificate or by its
//                               token, whatever the token's scope is
//   POST revoke-authorization   the core function takes back an invoker's authorisation. It shows its certificate
//                               (CapifCore::core_name), or a token of its own: signed with its key, iss its issuer, and no
//                               client_id but that
//   POST /capif-notifications/v1   (beside it) an event of the core function, shown to be its as above (TS 29.222 clause
//                               8.3): one about our access control policy has it fetched again, and is believed in nothing
// The revocation is durable before the answer, and beats every token that the invoker has (invoker.h). An aefId that is
// another's changes nothing here. This AEF has one API: where we published it, `apiIds` must name it, by its identifier at
// the core function or as ss-kir; where we did not, we do not know its identifier, and whatever `apiIds` says is taken for it.
#pragma once

#include "broker/identity/routes.h"
#include "broker/seal_keys/capif.h"

namespace claviger::seal_keys {

// `capif` outlives the routes.
void add_aef_security_routes(http::Router& router, identity::Contexts& contexts, Capif* capif);

}  // namespace claviger::seal_keys
