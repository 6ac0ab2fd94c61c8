#include <sys/prctl.h>

#include <csignal>
#include <cstdlib>

#include "tools/clavigerctl/command_line.h"

int main(int argc, char** argv) {
  using namespace claviger::ctl;
  // Passwords and client secrets pass through: no core dump, and a closed pipe is an error of write, not an end.
  prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);
  CommandLine line = read_command_line(argc, argv, all_commands(), std::getenv("CLAVIGER_ADMIN_SOCKET"),
                                       std::getenv("CLAVIGER_TENANT"));
  if (line.command == nullptr) return static_cast<int>(line.status);
  AdminClient client(line.arguments.socket);
  Invocation invocation(std::move(line.arguments), std::move(client));
  return static_cast<int>(invocation.outcome(line.command->run(invocation)));
}
