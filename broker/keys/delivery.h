// The hot path of key provision: keys that were issued, for whoever asks plainly, answered at once.
//
// An unsigned KeyProvision without a timestamp (TS 33.180 clause D.2.4), by a token seen before, of a user with no policy
// of his own, whose record and client are at hand: no coroutine, no heap, one pass over the keys: unsealed from the
// store's block into the slab that leaves (tests/broker/keys/delivery_allocation_test.cc counts). Everything else, every
// refusal too, is kms_endpoint.h's ordinary way, which this one never differs from: nothing means "go that way". But for one:
// keys that would have to be made while too many wait already are refused here, as there, for a storm has most of those.
#pragma once

#include <optional>

#include "broker/context.h"
#include "broker/keys/kms.h"
#include "core/http/message.h"

namespace claviger::keys {

// On the request's shard; the route's "{rest*}" is at request.path_values.
std::optional<http::Response> deliver_at_hand(Kms& kms, broker::Context& context, const http::Request& request);

}  // namespace claviger::keys
