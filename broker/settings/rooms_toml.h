// The tables of the configuration that rooms read for themselves ([diameter], [sip]) as they are in force, for
// `clavigerctl config show`; what a file holds is not in it.
#pragma once

#include <string>

#include "broker/settings/diameter_settings.h"
#include "broker/settings/sip_settings.h"

namespace claviger::settings {

// Null: there is none of it. Read again, it says the same.
std::string to_toml(const DiameterSettings* diameter, const Sip* sip);

}  // namespace claviger::settings
