// ClientReqUrl against the URL that a request was sent to (spec 4.3, row 16 of section 11): the origin that the operator
// configured, never the Host header. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace claviger::keys {

// Scheme and host without regard to case, the port of https added, the path equal after one percent-decoding.
bool is_same_url(std::string_view left, std::string_view right);
// "https://host:8443" of "https://host:8443/idms/v1/alpha".
std::string_view origin_of(std::string_view url);

}  // namespace claviger::keys
