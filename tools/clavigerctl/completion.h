// Shell completions, made from the command table, so that they never lag behind it. Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

std::string bash_completion(const std::vector<Command>& commands);
std::string zsh_completion(const std::vector<Command>& commands);
std::string fish_completion(const std::vector<Command>& commands);

}  // namespace claviger::ctl
