#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

ExitStatus list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/users/" + path_segment(invocation.args.get("LOGIN")) + "/sessions");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target,
                         {{"SID", "sid"},
                          {"STATE", "state"},
                          {"CLIENT", "client_id"},
                          {"ACR", "acr"},
                          {"SIGNED IN", "auth_time", Show::Time},
                          {"LAST USED", "last_used_at", Show::Time},
                          {"EXPIRES", "expires_at", Show::Time},
                          {"FROM", "source"}},
                         0);
}

ExitStatus revoke(Invocation& invocation) {
  const std::string sid(invocation.args.get("SID"));
  const std::string login(invocation.args.get("--all-of"));
  if (sid.empty() == login.empty()) {
    invocation.complain("say a SID, or --all-of LOGIN");
    return ExitStatus::Usage;
  }
  const std::string what = sid.empty() ? "all sessions of " + login : "session " + sid;
  if (!invocation.is_confirmed("Revoke " + what + "? The tokens are refused everywhere at once."))
    return ExitStatus::Failed;
  const auto target = invocation.tenant_target(sid.empty() ? "/users/" + path_segment(login) + "/sessions"
                                                           : "/sessions/" + path_segment(sid));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json(answer.body.empty() ? "{}" : answer.body);
  return answer.status;
}

}  // namespace

std::vector<Command> session_commands() {
  return {
      {"session list",
       "The sessions of a user",
       "clavigerctl session list alice",
       {{"LOGIN", "The login name, or the sub"}},
       {},
       list},
      {"session revoke",
       "End a session, or all of a user",
       "clavigerctl session revoke --all-of alice --yes",
       {{"SID", "The session's id", false}},
       {{"--all-of", "A login name: all his sessions and tokens"}, {"--yes", "Do not ask", OptionKind::Flag}},
       revoke},
  };
}

}  // namespace claviger::ctl
