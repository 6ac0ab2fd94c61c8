// Whether a Request-URI names a public service identity of ours (RFC 3261 clause 8.2.2.1; TS 24.379 clause 7.3).
//
// Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/settings/sip_settings.h"

namespace claviger::registration {

// `psi` and `asked` as sip::canonical_identity() has them. With the port that it is served at it is the same resource, by a
// route that who asks has found: peers without DNS write it so.
inline bool is_service_identity(std::string_view psi, const settings::Sip& sip, std::string_view asked) {
  if (asked == psi) return true;
  if (!asked.starts_with(psi)) return false;
  const std::string_view behind = asked.substr(psi.size());
  const auto is_port = [behind](std::uint16_t port) {
    return port != 0 && behind == std::string(1, ':').append(std::to_string(port));
  };
  return is_port(sip.port) || is_port(sip.tls_port);
}

}  // namespace claviger::registration
