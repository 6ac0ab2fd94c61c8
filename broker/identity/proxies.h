// What proxies in front of us may say of a request, and who is behind them (TS 24.482 Annex A, TS 24.547 A.2.3; RFC 7239;
// RFC 9700 clause 4.13). Spec 1.11 "HTTP entity rules".
//
//   from a configured proxy   its forwarding header names the source; X-3GPP-Asserted-Identity names a network entity
//   from anybody else         forwarding headers are ignored, an asserted identity is refused with 403
// Pure functions, any thread. Which header the proxies set is configured (`forwarded_header`): one that they merely pass on
// would come from anybody.
#pragma once

#include <string>
#include <string_view>

#include "broker/settings/settings.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::identity {

inline constexpr std::string_view kAssertedIdentityHeader = "x-3gpp-asserted-identity";
// As in core/net: a chain of proxies has a few members.
inline constexpr std::size_t kForwardedHopsMax = 16;

bool is_trusted_proxy(const settings::Settings& settings, std::string_view address);

// The address that sign-ins are counted by and logs name: the peer's, or behind configured proxies the last one that is
// none of them.
std::string source_of(const settings::Settings& settings, const http::Request& request);

// Empty without the header. ProxyUntrusted: it came from somebody who may not say it. AssertedIdentityRefused: several, or
// not one URI.
Result<std::string> asserted_identity(const settings::Settings& settings, const http::Request& request);

// Who sends a request to a 3GPP HTTP server.
struct ReferencePointCaller {
  std::string_view bearer;        // to be verified; a bearer wins over an asserted identity
  std::string asserted_identity;  // only without a bearer
};
// BearerMissing (neither), BearerSeveral, and as above. Views into the request.
Result<ReferencePointCaller> read_caller(const settings::Settings& settings, const http::Request& request);
// 403 for a request with neither (not 401, spec 4.7) and for an identity that was refused; 400 for BearerSeveral.
http::Response caller_refused(std::string_view tenant, const Error& error);

}  // namespace claviger::identity
