// The subcommands of claviger-ue. Each function adds its own to the command line (CLI11); its callback does the work and
// leaves the exit status: 0 done, 1 failed (said why). One thread.
#pragma once

#include "tools/claviger-ue/account.h"

namespace CLI {
class App;
}

namespace claviger::ue {

struct CommandLine {
  Options options;
  int status = 0;
};

void add_sign_in(CLI::App& app, CommandLine& line);
void add_keys(CLI::App& app, CommandLine& line);
void add_messages(CLI::App& app, CommandLine& line);
void add_profile(CLI::App& app, CommandLine& line);
void add_sign_off(CLI::App& app, CommandLine& line);

// Opens the account, runs `work` on it, complains when either fails.
template <typename Work>
void with_account(CommandLine& line, std::string_view doing, Work work) {
  Journal journal(line.options.is_quiet);
  auto account = Account::open(line.options, journal);
  if (!account) {
    journal.complain(account.failed_with(Code::SealBroken)
                         ? std::string("the password does not open what is kept for ") + line.options.user
                     : account.failed_with(Code::NotFound)
                         ? line.options.user + " is not signed in here: claviger-ue sign-in"
                         : std::string(name_of(account.error().code)));
    line.status = 1;
    return;
  }
  const Result<Unit> done = work(*account);
  if (done) return;
  journal.complain(doing, done.error());
  line.status = 1;
}

}  // namespace claviger::ue
