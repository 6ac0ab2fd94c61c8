// clavigerctl capacity: how many machines a country takes. Asks no daemon.
#pragma once

#include <vector>

#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

std::vector<Command> capacity_commands();

}  // namespace claviger::ctl
