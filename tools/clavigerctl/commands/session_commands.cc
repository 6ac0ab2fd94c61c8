#include "core/codec/json_reader.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

ExitStatus list(Invocation& invocation) {
  const std::string ue(invocation.args.get("--ue"));
  std::string login(invocation.args.get("LOGIN"));
  if (login.empty()) login = invocation.args.get("--user");
  if (login.empty() == ue.empty()) {
    invocation.complain("say a LOGIN, or --ue UE");
    return ExitStatus::Usage;
  }
  const auto target = invocation.tenant_target(
      (ue.empty() ? "/users/" + path_segment(login) : "/ues/" + path_segment(ue)) + "/sessions");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target,
                         {{"SID", "sid"},
                          {"STATE", "state"},
                          {"USER", "sub"},
                          {"UE", "ue_id"},
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
  const std::string ue(invocation.args.get("--all-on"));
  if (int{sid.empty()} + int{login.empty()} + int{ue.empty()} != 2) {
    invocation.complain("say a SID, --all-of LOGIN, or --all-on UE");
    return ExitStatus::Usage;
  }
  std::string what = "session " + sid;
  std::string path = "/sessions/" + path_segment(sid);
  if (!login.empty()) {
    what = "all sessions of " + login;
    path = "/users/" + path_segment(login) + "/sessions";
  } else if (!ue.empty()) {
    what = "all sessions on " + ue;
    path = "/ues/" + path_segment(ue) + "/sessions";
  }
  if (!invocation.is_confirmed("Revoke " + what + "? The tokens are refused everywhere at once."))
    return ExitStatus::Failed;
  const auto target = invocation.tenant_target(path);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (!answer.is_ok()) return answer.status;
  if (invocation.args.wants_json) {
    invocation.print_json(answer.body.empty() ? "{}" : answer.body);
    return answer.status;
  }
  codec::JsonReader reader;
  const auto value = reader.parse(answer.body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  const std::string count = object ? text_of(*object, "ended") : std::string();
  if (!count.empty()) invocation.print(count + (count == "1" ? " session ended\n" : " sessions ended\n"));
  return answer.status;
}

}  // namespace

std::vector<Command> session_commands() {
  return {
      {"session list",
       "The sessions of a user, or on a UE",
       "clavigerctl session list --ue truck-7",
       {{"LOGIN", "The login name, or the sub", false}},
       {{"--user", "The same as LOGIN"}, {"--ue", "The id of a UE: sessions on it"}},
       list},
      {"session revoke",
       "End a session, all of a user, or all on a UE",
       "clavigerctl session revoke --all-of alice --yes",
       {{"SID", "The session's id", false}},
       {{"--all-of", "A login name: all his sessions and tokens"},
        {"--all-on", "The id of a UE: all sessions on it, and who is signed in there in a browser"},
        {"--yes", "Do not ask", OptionKind::Flag}},
       revoke},
  };
}

}  // namespace claviger::ctl
