#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

std::optional<std::string> target_of(Invocation& invocation, const std::string& more = {}) {
  return invocation.tenant_target("/users/" + path_segment(invocation.args.get("LOGIN")) + "/consents" + more);
}

ExitStatus list(Invocation& invocation) {
  const auto target = target_of(invocation);
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target,
                         {{"CLIENT", "client_id"}, {"SCOPES", "scopes"}, {"GIVEN", "given_at", Show::Time}}, 0);
}

ExitStatus revoke(Invocation& invocation) {
  const std::string client(invocation.args.get("CLIENT_ID"));
  const std::string login(invocation.args.get("LOGIN"));
  if (!invocation.is_confirmed("Take back what " + login + " allowed " + client + "? His sessions with it end.")) {
    return ExitStatus::Failed;
  }
  const auto target = target_of(invocation, "/" + path_segment(client));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json(answer.body.empty() ? "{}" : answer.body);
  return answer.status;
}

}  // namespace

std::vector<Command> consent_commands() {
  const Operand login{"LOGIN", "The login name, or the sub"};
  return {
      {"consent list", "What a user allowed which client", "clavigerctl consent list alice", {login}, {}, list},
      {"consent revoke",
       "Take back what a user allowed a client; the next sign-in asks again",
       "clavigerctl consent revoke alice web-portal --yes",
       {login, {"CLIENT_ID", "The client's id"}},
       {{"--yes", "Do not ask", OptionKind::Flag}},
       revoke},
  };
}

}  // namespace claviger::ctl
