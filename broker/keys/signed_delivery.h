// The hot path of key provision for whoever signs and wraps (TS 33.180 clauses D.1, 9.3; spec 4.7): a KeyProvision signed by
// the user's InK, answered under his TrK and signed by the InK.
//
// A canonical body (plain_request.h) of a token seen before, both keys present and none offered, keys issued and at hand.
// Everything else, refusals too, is kms_endpoint.h's ordinary way, which this one never differs from: nothing means "go that
// way", and that nothing was done.
//
// An answer cannot be made once and kept: it repeats the request's Time, URL and signature key and is signed over all of it;
// the wrapped keys could be, but a user comes for his keys once a period, so that a cache would hold what nobody asks for
// again. What is left is to do each step once, over views of the body: token and TLS as any request's, and then, without
// the replay record's commit, some 20 us:
//   transport keys of the user 2 (4 as a list), SHA-256 and HMAC of the request 1, InK, TrK and the keys unsealed 2,
//   wrapped side by side 4 (core/crypto/key_wrap_rounds.h), written and signed 3.
// The answer is made before the request is remembered as served and leaves after that is durable, so that nothing is
// looked up again afterwards but what may have been revoked meanwhile.
#pragma once

#include <optional>
#include <string>

#include "broker/context.h"
#include "broker/keys/kms.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::keys {

// On the request's shard. `request` and `rest` (of the path, behind the root) live in the caller's frame. RequestReplayed,
// KeysRevoked, and what the store says, for a request that was good else: its head may be told.
runtime::Task<Result<std::optional<http::Response>>> deliver_signed(Kms* kms, broker::Context* context,
                                                                    const http::Request* request,
                                                                    const std::string* rest);

}  // namespace claviger::keys
