// Security information of a VAL service that a peer KMS holds (TS 23.434 clause 13.2.4.3): fetched from it when one of ours
// asks, and given to peers that ask us for what we hold ourselves.
//
//   GET /idms/v1/{tenant}/kms-exchange/v1/key-records?val-service-id=...    as SS_KeyInfoRetrieval, over mutual TLS
// Nothing is kept here: each question goes to the holder, so that a revocation there counts from the next question on.
// What we answer a peer is ours alone and never asked for further, so no question goes round in a circle. Any shard.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/exchange/peer_links.h"
#include "broker/identity/routes.h"
#include "broker/seal_keys/service_key_procedures.h"
#include "core/base/result.h"
#include "core/http/router.h"
#include "core/runtime/task.h"

namespace claviger::seal_keys {

void add_peer_record_routes(http::Router& router, identity::Contexts& contexts);

// A ValKeyInfo about `user_uri`. ServiceKeyUnknown: no peer holds the service, or the holder knows no such key; Overload:
// the holder does not answer, or not as agreed, or is asked by too many already.
runtime::Task<Result<std::string>> fetch_from_holder(broker::Context* context, exchange::PeerLinks* links, KeyName name,
                                                     std::string user_uri);

}  // namespace claviger::seal_keys
