// The few URLs that our client is given: http and https with a host, no user information (RFC 3986, RFC 9110 clause 4.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::http {

struct Url {
  bool is_https = false;
  std::string host;       // without brackets
  std::uint16_t port = 0;
  std::string authority;  // as it goes into Host: with the port unless it is the scheme's own
  std::string target;     // path and query, "/" at least; a fragment is refused
};

Result<Url> parse_url(std::string_view text);

}  // namespace claviger::http
