// claviger-ue: the client of a mission critical user, for any identity management server and KMS (README.md).
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>

#include "tools/claviger-ue/commands/commands.h"

namespace {

std::string default_folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
    return std::string(state) + "/claviger-ue";
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home) + "/.local/state/claviger-ue";
}

}  // namespace

int main(int argc, char** argv) {
  using namespace claviger::ue;
  // Keys pass through: no core dump, and a closed pipe is an error of write, not an end.
  prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);
  CommandLine line;
  line.options.folder = default_folder();
  CLI::App app("The client of a mission critical user: sign-in, keys, messages.", "claviger-ue");
  app.require_subcommand(1);
  app.add_option("--user", line.options.user, "who; as at the login page")->required()->envname("CLAVIGER_UE_USER");
  app.add_option("--state", line.options.folder, "folder of what is kept, sealed")->envname("CLAVIGER_UE_STATE");
  app.add_flag("--quiet", line.options.is_quiet, "say the result only");
  add_sign_in(app, line);
  add_keys(app, line);
  add_messages(app, line);
  add_profile(app, line);
  add_sign_off(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? 0 : 2;
  }
  return line.status;
}
