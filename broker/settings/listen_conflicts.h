// Two listeners at one place: found when the file is read, not when the second of them is bound.
//
// Pure function over the file's table; any thread.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "broker/settings/settings.h"

namespace claviger::settings {

// [[https]], the metrics port, [sip] and [diameter]: ConfigConflict with the line of the second and the name of the first.
// What is no address or no port others complain of.
void check_listen_conflicts(const toml::table& root, const std::string& file, std::vector<SettingsError>& errors);

}  // namespace claviger::settings
