// SEAL KM request and SEAL KP request (TS 33.434 clauses 5.3.2 and 5.8.2).
//
// The standard gives their contents (tables 5.3.2-1 and 5.8.2-1), no encoding. Decided here: JSON with the member names of
// TS 29.549's ValKeyInfo and the times of JWTs; the access token stands in the Authorization header of every request.
//   KM  {"userUri":"sip:ann@v2x.example","valService":"v2x","valTgtUe":{"valUserId":"sip:ann@v2x.example"}}
//       only valService is mandatory; answered with a ValKeyInfo (key_info.h)
//   KP  {"valService":"v2x","valTgtUe":{"valUeId":"ue-7"},"alg":"A256KW","key":"<base64url>","nbf":1764000000,
//        "exp":1795536000}
//       valService and key (16 to 64 octets) are mandatory; without alg it is that of a key wrap with keys of this
//       length; answered with
//       {"valService":..,"valTgtUe":..,"kid":..,"generation":..,"nbf":..,"exp":..}
// Members that we do not know are ignored. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/seal_keys/key_query.h"
#include "broker/seal_keys/service_key_procedures.h"
#include "core/codec/json_reader.h"

namespace claviger::seal_keys {

inline constexpr std::size_t kKmBodyBytesMax = 8 * 1024;

struct KmRequest {
  std::string user_uri;  // empty: not said
  std::string service;
  Target target;
};
struct KpRequest {
  std::string service;
  Target target;
  BroughtKey key;  // without client_id
};

template <typename Body>
struct KmBodyOrFault {
  std::optional<Body> body;
  QueryFault fault;
};

KmBodyOrFault<KmRequest> parse_km_request(codec::JsonReader& reader, std::string_view json);
// The reader holds the key afterwards: wipe it.
KmBodyOrFault<KpRequest> parse_kp_request(codec::JsonReader& reader, std::string_view json);

std::string write_kp_response(const ServiceKeys& keys, const Generation& made);

}  // namespace claviger::seal_keys
