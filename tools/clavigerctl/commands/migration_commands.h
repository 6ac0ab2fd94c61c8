// Agreements with other MC systems, bindings of users who migrate, traces of migrations.
#pragma once

#include <vector>

#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

std::vector<Command> migration_commands();

}  // namespace claviger::ctl
