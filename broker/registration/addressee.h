// To whom a request outside a dialog is addressed (RFC 3261 clause 8.2.2.1). Pure functions, any thread.
#pragma once

#include <string_view>

#include "broker/settings/sip_settings.h"

namespace claviger::registration {

// Whether a Request-URI means the public service identity `psi`: itself, without a port or with one that we listen at, and
// whether sip or sips, for how it is reached is the routing's business; or its user at our own address, as whoever sends
// straight to an address writes it.
bool is_addressed_to(const settings::Sip& sip, std::string_view psi, std::string_view request_uri);

}  // namespace claviger::registration
