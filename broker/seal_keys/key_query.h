// The query of SS_KeyInfoRetrieval (TS 29.549 clause 7.6.1): val-service-id, and optionally val-tgt-ue, an object with one
// of valUserId and valUeId.
//
// The OpenAPI document describes the object as a plain schema in the query. Clients made from it send one of
//   ?val-service-id=s&valUserId=alice                       form, explode: OpenAPI's default
//   ?val-service-id=s&val-tgt-ue={"valUserId":"alice"}      percent-encoded JSON
//   ?val-service-id=s&val-tgt-ue=valUserId,alice            form without explode
//   ?val-service-id=s&val-tgt-ue[valUserId]=alice           deepObject
// All four are taken, several at once when they agree. A target that we do not understand is refused, never left out: the
// answer would be the key of the whole service. Other parameters are ignored. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/seal_keys/service_key.h"
#include "core/codec/json_reader.h"

namespace claviger::seal_keys {

inline constexpr std::size_t kQueryBytesMax = 4096;

struct KeyQuery {
  std::string service;
  Target target;
};
// For ProblemDetails: which parameter, and why. Literals.
struct QueryFault {
  std::string_view param;
  std::string_view reason;
};
inline constexpr std::string_view kIsMissing = "is missing";

struct KeyQueryOrFault {
  std::optional<KeyQuery> query;
  QueryFault fault;
};

KeyQueryOrFault parse_key_query(codec::JsonReader& reader, std::string_view query);

// One of valUserId and valUeId of a JSON object (ValTargetUe), for bodies, too.
std::optional<QueryFault> read_target(codec::JsonValue value, Target& target);

}  // namespace claviger::seal_keys
