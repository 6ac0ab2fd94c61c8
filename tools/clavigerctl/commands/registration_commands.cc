#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns{{"IDENTITY", "identity"},
                                            {"ACTIVE", "active", Show::YesNo},
                                            {"CLIENTS", "clients"},
                                            {"SINCE", "registered_at", Show::Time},
                                            {"UNTIL", "expires_at", Show::Time},
                                            {"S-CSCF", "s_cscf"}};
  return kColumns;
}

ExitStatus list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/registrations");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target, columns(), 0);
}

ExitStatus show(Invocation& invocation) {
  const auto target = invocation.tenant_target("/registrations/" + path_segment(invocation.args.get("IDENTITY")));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  if (!answer.is_ok()) return answer.status;
  std::vector<Column> all = columns();
  all.push_back({"authorised clients", "bindings"});
  all.push_back({"subscriptions", "subscriptions"});
  return print_object(invocation, answer.body, all);
}

ExitStatus end(Invocation& invocation) {
  const std::string identity(invocation.args.get("IDENTITY"));
  if (!invocation.is_confirmed("End the MC service of all that is registered with " + identity + "?"))
    return ExitStatus::Failed;
  const auto target = invocation.tenant_target("/registrations/" + path_segment(identity));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json("{}");
  return answer.status;
}

}  // namespace

std::vector<Command> registration_commands() {
  const Operand identity{"IDENTITY", "The public identity of the SIP core"};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  return {
      {"registration list", "Who is registered with the SIP core", "clavigerctl registration list", {}, {}, list},
      {"registration show",
       "One identity: its clients, who has full access, who has not and why",
       "clavigerctl registration show sip:alice@ims.example.org",
       {identity},
       {},
       show},
      {"registration end",
       "End its MC services; its subscribers are told",
       "clavigerctl registration end sip:alice@ims.example.org --yes",
       {identity},
       {yes},
       end},
  };
}

}  // namespace claviger::ctl
