// SEAL KM request/response and SEAL key provisioning (TS 33.434 clauses 5.3 and 5.8), below {apiRoot}/seal-km/v1, where
// apiRoot is <public_origin>/idms/v1/<tenant>; encoded as km_message.h says.
//
//   POST key-requests    SEAL KM request: a key management client in a VAL UE or a VAL server asks for a key
//   POST provisionings   SEAL KP request: one in a VAL server brings a key. Its token has SKeyProv, for this service
// Errors are ProblemDetails with an `errorCode` (seal_problem.h).
#pragma once

#include "broker/identity/routes.h"
#include "broker/seal_keys/capif.h"

namespace claviger::exchange {
class PeerLinks;  // broker/exchange/peer_links.h
}

namespace claviger::seal_keys {

// As add_key_record_routes().
void add_km_routes(http::Router& router, identity::Contexts& contexts, Capif* capif, exchange::PeerLinks* links);

}  // namespace claviger::seal_keys
