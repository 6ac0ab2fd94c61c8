// Commands of other KMSs: gathered by all_commands().
#pragma once

#include <vector>

#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

std::vector<Command> kms_peer_commands();

}  // namespace claviger::ctl
