#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

const std::vector<Column>& key_columns() {
  static const std::vector<Column> kColumns{{"KID", "kid"},
                                            {"STATE", "state"},
                                            {"ALGORITHM", "algorithm"},
                                            {"CREATED", "created_at", Show::Time},
                                            {"SINCE", "changed_at", Show::Time},
                                            {"UNTIL", "until", Show::Time}};
  return kColumns;
}

ExitStatus list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/keys");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  return answer.is_ok() ? print_page(invocation, answer.body, key_columns()) : answer.status;
}

ExitStatus rotate(Invocation& invocation) {
  const bool is_emergency = invocation.args.has("--emergency");
  if (!invocation.is_confirmed(is_emergency ? "Sign with the next key, and refuse every token of the present one at once?"
                                            : "Sign with the next key from now on?")) {
    return ExitStatus::Failed;
  }
  const auto target = invocation.tenant_target(is_emergency ? "/keys/active/revoke" : "/keys/rotate");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target);
  return answer.is_ok() ? print_page(invocation, answer.body, key_columns()) : answer.status;
}

ExitStatus revoke(Invocation& invocation) {
  const std::string kid(invocation.args.get("KID"));
  if (!invocation.is_confirmed("Revoke key " + kid + "? Every token it signed is refused at once.")) {
    return ExitStatus::Failed;
  }
  const auto target = invocation.tenant_target("/keys/" + path_segment(kid) + "/revoke");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target);
  return answer.is_ok() ? print_page(invocation, answer.body, key_columns()) : answer.status;
}

}  // namespace

std::vector<Command> key_commands() {
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  return {
      {"key list", "The signing keys of a tenant", "clavigerctl key list", {}, {}, list},
      {"key rotate", "Sign with the next key; the old one verifies until its tokens are over",
       "clavigerctl key rotate --yes", {},
       {{"--emergency", "The key fell into wrong hands: every token it signed is refused at once", OptionKind::Flag}, yes},
       rotate},
      {"key revoke", "Take a key that fell into wrong hands out of use", "clavigerctl key revoke KID --yes",
       {{"KID", "The key's id"}}, {yes}, revoke},
  };
}

}  // namespace claviger::ctl
