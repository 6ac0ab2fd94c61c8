// What a Code becomes at the OAuth and OpenID Connect endpoints: status, error, description (RFC 6749 clauses 4.1.2.1
// and 5.2, RFC 6750 clause 3.1, OIDC Core clause 3.1.2.6, RFC 8707, RFC 9396). The one table of this room.
//
// A description says what the caller may know: ASCII without quote and backslash, never his input, never which of two
// secrets was wrong. Pure functions; the responses are made on the asking shard.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/code.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::identity {

struct OauthError {
  std::uint16_t status;
  std::string_view error;
  std::string_view description;
};

OauthError oauth_error_of(Code code);

// {"error":..,"error_description":..} with the table's status; Retry-After with 429 and 503, which the caller may
// raise (SignInThrottled knows how long).
http::Response oauth_error_response(const Error& error, std::uint32_t retry_after_seconds = 0);
// As above for failed client authentication; WWW-Authenticate when a header was tried (RFC 6749 clause 5.2).
http::Response client_error_response(const Error& error, const http::Request& request);

// Overload passes within about a second: the queues that refuse hold no more.
inline constexpr std::uint32_t kRetryAfterOverload = 1;

}  // namespace claviger::identity
