// A URI as SIP messages carry it: sip and sips taken apart, tel and all others as they are (RFC 3261 clause 19.1).
//
// A view into the message. Nothing is decoded: "%00" in a user part stays what it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::sip {

struct UriView {
  std::string_view text;
  std::string_view scheme;      // as written
  std::string_view user;        // with a password behind ":", if there is one
  std::string_view host;        // with brackets, if it has them
  std::uint16_t port = 0;       // 0: none
  std::string_view parameters;  // ";a=b;c", as written
  std::string_view headers;     // behind "?"
  bool is_sip = false;          // sip or sips
  bool is_secure = false;       // sips
  bool is_tel = false;
};

// SipSyntax. A scheme that we do not know is no error here.
Result<UriView> parse_uri(std::string_view text);

// What two writings of one identity have in common (RFC 3261 clause 19.1.4): scheme and host in lower case, unreserved
// characters decoded, no parameters; of a tel URI: without visual separators. Neither NUL nor control characters come
// of it. SipUri: not sip, sips or tel; SipSyntax.
Result<std::string> canonical_identity(std::string_view uri);

// The value of a parameter in ";a=b;c"; an empty view without a value. Names of any case.
struct Parameter {
  bool is_present = false;
  std::string_view value;  // without quotes
};
Parameter find_parameter(std::string_view parameters, std::string_view name);

}  // namespace claviger::sip
