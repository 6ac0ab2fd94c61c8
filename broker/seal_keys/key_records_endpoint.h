// SS_KeyInfoRetrieval (TS 29.549 clause 7.6.1): GET {apiRoot}/ss-kir/v1/key-records, where apiRoot is
// <public_origin>/idms/v1/<tenant>.
//
// A look-up never makes a key. Answers are never stored on the way (Cache-Control: no-store); refusals are ProblemDetails.
#pragma once

#include <string>

#include "broker/identity/routes.h"
#include "broker/seal_keys/capif.h"
#include "broker/seal_keys/key_query.h"
#include "broker/seal_keys/service_key_procedures.h"

namespace claviger::exchange {
class PeerLinks;  // broker/exchange/peer_links.h
}

namespace claviger::seal_keys {

// `capif` and `links` may be null (nobody holds keys for us) and outlive the routes.
void add_key_record_routes(http::Router& router, identity::Contexts& contexts, Capif* capif,
                           exchange::PeerLinks* links);

KeyQueryOrFault read_key_query(std::string_view query);

// What we hold: the current key, and the next one, as a ValKeyInfo about `caller_uri`, or about the target when there is one.
// ServiceKeyUnknown, NotFound; what the store and sealing say.
runtime::Task<Result<std::string>> local_key_info(broker::Context* context, KeyName name, std::string caller_uri);

// That, or what the peer that holds the service says (held_elsewhere.h), or the refusal. For every interface that gives
// keys out, after it has checked who asks.
runtime::Task<http::Response> answer_with_key(broker::Context* context, exchange::PeerLinks* links, KeyName name,
                                              std::string caller_uri);

}  // namespace claviger::seal_keys
