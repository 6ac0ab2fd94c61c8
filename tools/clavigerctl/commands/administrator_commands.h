// Who administers one tenant's people, and who verifies their codes outside of Claviger.
#pragma once

#include <vector>

#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

std::vector<Command> administrator_commands();

}  // namespace claviger::ctl
