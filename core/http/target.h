// The request target of both protocols, checked and cut (RFC 9112 clause 3.2, RFC 9113 clause 8.3.1). Pure.
#pragma once

#include <string_view>

#include "core/base/result.h"

namespace claviger::http {

struct Target {
  std::string_view path;   // begins with '/', or is "*"
  std::string_view query;  // behind '?', empty without one
  std::string_view authority;  // of an absolute form, else empty
};

// Origin form, "*", and with `allow_absolute` the absolute form, which HTTP/1.1 servers must take. Visible ASCII only,
// no fragment. Code::UriTooLong, Code::UriSyntax.
Result<Target> parse_target(std::string_view text, bool allow_absolute);

}  // namespace claviger::http
