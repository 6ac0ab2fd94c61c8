// Authorization: Basic as OAuth uses it (RFC 7617; RFC 6749 clause 2.3.1: client id and secret are form-urlencoded
// before they are joined by a colon).
//
// Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::identity {

// A client id has at most 128 characters, a secret 43; each may be escaped.
inline constexpr std::size_t kBasicHeaderMax = 1024;

struct BasicCredentials {
  std::string client_id;
  SecretBytes secret;  // may be empty
};

// The scheme has no case (RFC 9110 clause 11.1).
bool is_basic(std::string_view authorization);
// ClientHeaderMalformed. `authorization` is the whole field value.
Result<BasicCredentials> parse_basic(std::string_view authorization);

}  // namespace claviger::identity
