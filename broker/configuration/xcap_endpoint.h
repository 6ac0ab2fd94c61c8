// The configuration management server on the HTTPS listener (TS 24.484 clause 6.3, RFC 4825; TS 24.546 over HTTP):
//
//   GET PUT DELETE /xcap/{tenant}/{document}[/~~/{selector}]
//   GET            /xcap/{tenant}/changes?document={document}&etag={entity tag}...&wait=60
// The second is how a client without SIP hears of changes: it answers with an xcap-diff document (RFC 5874) as soon as one
// of the documents is not what the client has, 204 when nothing happened meanwhile. The entity tags are what shows that
// it had them before (TS 23.280 clause 10.1.4.4). A whole document is answered without a coroutine, from the block of the
// store.
#pragma once

#include "broker/configuration/configuration.h"
#include "core/http/router.h"

namespace claviger::configuration {

inline constexpr std::string_view kXcapPath = "/xcap/";
// Seconds; a proxy in between gives up after a minute.
inline constexpr std::int64_t kWaitUsual = 30;
inline constexpr std::int64_t kWaitMax = 300;

void add_xcap_routes(http::Router& router, Contexts& contexts, Configuration& room);

// "https://.../xcap/alpha/".
std::string xcap_root(const broker::Context& context, std::string_view tenant);

// For changes_endpoint.cc's route.
void add_changes_route(http::Router& router, Contexts& contexts, Configuration& room);

}  // namespace claviger::configuration
