// The cookie that binds a sign-in to the browser it began in. "__Host-" makes browsers keep it to this very host and
// to TLS (RFC 6265bis clause 4.1.3.2), so no neighbour can plant one.
//
// One value serves all sign-ins of a browser, in as many tabs as he likes. Pure functions, any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::identity {

inline constexpr std::string_view kInteractionCookie = "__Host-claviger-interaction";
// 256 bits in base64url.
inline constexpr std::size_t kInteractionCookieBytes = 43;

// Empty when there is none, it is malformed, or there are two.
std::string_view interaction_cookie(const http::Request& request);
// CryptoFailure.
Result<std::string> make_interaction_cookie();
std::array<std::byte, 32> cookie_digest(std::string_view value);
std::string set_cookie_field(std::string_view value, Seconds lifetime);

}  // namespace claviger::identity
