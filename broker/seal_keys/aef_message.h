// The bodies of AEF_Security_API (TS 29.222 clause 8.13.5): CheckAuthenticationReq and RevokeAuthorizationReq.
//
// Pure functions, any thread. Members that we do not know are ignored; `supportedFeatures` is mandatory, we have none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/seal_keys/key_query.h"
#include "core/codec/json_reader.h"

namespace claviger::seal_keys {

inline constexpr std::size_t kAefBodyBytesMax = 16 * 1024;
// Of one revocation: an AEF has a handful of APIs.
inline constexpr std::size_t kApiIdsMax = 64;

struct CheckAuthentication {
  std::string invoker;
};
struct RevokeAuthorization {
  std::string invoker;
  std::string aef_id;  // empty: not said
  std::vector<std::string> api_ids;
  std::string cause;
};

template <typename Body>
struct AefBodyOrFault {
  std::optional<Body> body;
  QueryFault fault;
};

AefBodyOrFault<CheckAuthentication> parse_check_authentication(codec::JsonReader& reader, std::string_view json);
AefBodyOrFault<RevokeAuthorization> parse_revoke_authorization(codec::JsonReader& reader, std::string_view json);

}  // namespace claviger::seal_keys
