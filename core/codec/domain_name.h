// Domain names as records and configurations hold them: lower-case letters, digits and hyphens in labels of up to 63, up to 253
// octets (RFC 1035 clause 2.3.1, RFC 1123 clause 2.1).
//
// Any thread.
#pragma once

#include <string_view>

namespace claviger::codec {

bool is_domain_name(std::string_view text);

}  // namespace claviger::codec
