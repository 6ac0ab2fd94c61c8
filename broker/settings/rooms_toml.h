// The tables of the configuration that rooms read for themselves ([diameter], [sip]) as they are in force, for
// `clavigerctl config show`; what a file holds is not in it.
#pragma once

#include <string>
#include <vector>

#include "broker/settings/diameter_settings.h"
#include "broker/settings/sip_settings.h"

namespace claviger::settings {

// Null: there is none of it. Read again, it says the same.
std::string to_toml(const DiameterSettings* diameter, const Sip* sip);

// A table that names a tenant, "[sip]", and which one: until it has been added nobody is served there.
struct RoomTenant {
  const char* table;
  std::string tenant;
};
std::vector<RoomTenant> tenants_of_rooms(const DiameterSettings* diameter, const Sip* sip);

}  // namespace claviger::settings
