// The command line (CLI11, in this one .cc because it takes seconds to compile).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

inline constexpr const char* kDefaultSocket = "/run/claviger/admin.sock";

struct CommandLine {
  const Command* command = nullptr;  // null: help or a usage error was printed, `status` says which
  Arguments arguments;
  ExitStatus status = ExitStatus::Ok;
};

// `environment_*`: of CLAVIGER_ADMIN_SOCKET and CLAVIGER_TENANT; null when not set.
CommandLine read_command_line(int argc, const char* const* argv, const std::vector<Command>& commands,
                              const char* environment_socket, const char* environment_tenant);

}  // namespace claviger::ctl
