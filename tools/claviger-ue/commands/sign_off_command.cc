#include <CLI/CLI.hpp>
#include <memory>

#include "tools/claviger-ue/commands/commands.h"

namespace claviger::ue {
namespace {

Result<Unit> revoke_tokens(Account& account) {
  CLAVIGER_TRY(at, account.endpoints());
  SignIn sign_in(account.web(), account.journal());
  const ClientFacts client = account.client_facts();
  for (const char* name : {"token/refresh", "token/access"}) {
    const Bytes token = account.vault().find(name);
    if (token.empty()) continue;
    CLAVIGER_TRY(revoked, sign_in.revoke(at, client, token));
  }
  account.journal().step("revoked the tokens");
  return Unit{};
}

void sign_off(CommandLine& line, bool is_forced) {
  Journal journal(line.options.is_quiet);
  const std::string path = Vault::path_of(line.options.folder, line.options.user);
  if (!is_forced) {
    bool is_revoked = false;
    with_account(line, "sign-off", [&](Account& account) {
      const auto revoked = revoke_tokens(account);
      // A server out of reach keeps nobody from signing off: tokens end by themselves, and without keys they open little.
      if (!revoked) account.journal().complain("the tokens could not be revoked", revoked.error());
      is_revoked = true;
      return Result<Unit>(Unit{});
    });
    if (!is_revoked) return;
  }
  const auto erased = Vault::erase(path);
  if (!erased) {
    journal.complain("sign-off", erased.error());
    line.status = 1;
    return;
  }
  journal.result("signed off: what was kept for " + line.options.user + " is erased");
}

}  // namespace

void add_sign_off(CLI::App& app, CommandLine& line) {
  auto is_forced = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("sign-off", "Revoke the user's tokens and erase all that is kept of him");
  command->add_flag("--erase-only", *is_forced, "ask for no password and tell no server: only erase");
  command->callback([is_forced, &line] { sign_off(line, *is_forced); });
}

}  // namespace claviger::ue
