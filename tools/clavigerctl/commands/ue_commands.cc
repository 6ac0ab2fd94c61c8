#include <charconv>

#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/noun.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

const std::vector<Column>& ue_columns() {
  static const std::vector<Column> kColumns{{"UE", "ue_id"},
                                            {"class", "class"},
                                            {"name", "name"},
                                            {"owner", "owner"},
                                            {"lost", "lost", Show::YesNo},
                                            {"another user replaces", "replaces_others", Show::YesNo},
                                            {"users at a time", "max_users"},
                                            {"certificates", "certificates"},
                                            {"DPoP keys", "dpop_keys"},
                                            {"registered", "created_at", Show::Time},
                                            {"last sign-in", "last_sign_in_at", Show::Time}};
  return kColumns;
}

constexpr Noun kUe{"/ues/", "UE", ue_columns};

// What add and set-class have in common. False: said why not.
bool write_members(Invocation& invocation, codec::JsonWriter<std::string>& json) {
  const Arguments& args = invocation.args;
  if (args.has("--name")) json.member("name", args.get("--name"));
  if (args.has("--owner")) json.member("owner", args.get("--owner"));
  if (args.has("--other-user")) json.member("replaces_others", args.get("--other-user") == "replace");
  for (const auto& [option, member] :
       {std::pair{"--certificate", "certificates"}, std::pair{"--dpop-key", "dpop_keys"}}) {
    if (!args.has(option)) continue;
    json.name(member).begin_array();
    for (const std::string& thumbprint : args.list(option)) {
      if (!thumbprint.empty()) json.value(thumbprint);
    }
    json.end_array();
  }
  if (!args.has("--max-users")) return true;
  const std::string_view text = args.get("--max-users");
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0) {
    invocation.complain("--max-users takes a number");
    return false;
  }
  json.member("max_users", count);
  return true;
}

ExitStatus add(Invocation& invocation) {
  const auto target = invocation.tenant_target("/ues");
  if (!target) return ExitStatus::Failed;
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("ue_id", invocation.args.get("UE"));
  if (invocation.args.has("--class")) json.member("class", invocation.args.get("--class"));
  if (!write_members(invocation, json)) return ExitStatus::Usage;
  json.end_object();
  const auto answer = invocation.ask("POST", *target, body);
  return answer.is_ok() ? print_object(invocation, answer.body, ue_columns()) : answer.status;
}

ExitStatus set_class(Invocation& invocation) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object();
  json.member("class", invocation.args.get("CLASS"));
  if (!write_members(invocation, json)) return ExitStatus::Usage;
  json.end_object();
  return ask_and_show(invocation, kUe, "PUT", {}, body);
}

ExitStatus show(Invocation& invocation) { return ask_and_show(invocation, kUe, "GET"); }
ExitStatus found(Invocation& invocation) { return ask_and_show(invocation, kUe, "POST", "/found"); }

ExitStatus lost(Invocation& invocation) {
  const std::string ue(invocation.args.get("UE"));
  if (!invocation.is_confirmed("Mark " + ue + " as lost? Everybody on it is signed off, nobody may sign in on it.")) {
    return ExitStatus::Failed;
  }
  return ask_and_show(invocation, kUe, "POST", "/lost");
}

ExitStatus remove(Invocation& invocation) {
  const std::string ue(invocation.args.get("UE"));
  if (!invocation.is_confirmed("Remove " + ue + "? Everybody on it is signed off.")) return ExitStatus::Failed;
  const auto target = target_of(invocation, kUe);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json(answer.body.empty() ? "{}" : answer.body);
  return answer.status;
}

ExitStatus list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/ues");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target,
                         {{"UE", "ue_id"},
                          {"CLASS", "class"},
                          {"NAME", "name"},
                          {"LOST", "lost", Show::YesNo},
                          {"LAST SIGN-IN", "last_sign_in_at", Show::Time}},
                         0);
}

}  // namespace

std::vector<Command> ue_commands() {
  const Operand ue{"UE", "The UE's id, such as urn:uuid:... or device-..."};
  const std::vector<std::string_view> classes{"personal", "shareable", "gateway", "dispatcher"};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  const std::vector<Option> members{
      {"--name", "How people call it"},
      {"--owner", "Login name of the only user of a personal UE"},
      {"--other-user",
       "On a personal UE another user is refused (deny), or replaces the first",
       OptionKind::Value,
       {"deny", "replace"}},
      {"--max-users", "Users of a gateway at a time"},
      {"--certificate", "x5t#S256 of a client certificate that proves it: base64url of the SHA-256 of its DER, 43 characters; several times for several", OptionKind::List},
      {"--dpop-key", "Thumbprint (RFC 7638) of a DPoP key that proves it, 43 characters; several times for several", OptionKind::List}};
  std::vector<Option> of_add = members;
  of_add.push_back({"--class", "What kind of device it is (personal)", OptionKind::Value, classes});
  return {
      {"ue add",
       "Register a UE",
       "clavigerctl ue add urn:uuid:6f1c2a34-5b6d-4e7f-8091-a2b3c4d5e6f7 --class shareable",
       {ue},
       of_add,
       add},
      {"ue list", "All registered UEs", "clavigerctl ue list", {}, {}, list},
      {"ue show", "One UE", "clavigerctl ue show device-VYqv3DC0dJnXSx2l8TtzRQ", {ue}, {}, show},
      {"ue set-class",
       "Say what kind of device it is; its sessions stay until the next sign-in",
       "clavigerctl ue set-class truck-7 gateway --max-users 6",
       {ue, {"CLASS", "What it is", true, classes}},
       members,
       set_class},
      {"ue lost",
       "Sign everybody off on a UE and let nobody sign in on it",
       "clavigerctl ue lost truck-7 --yes",
       {ue},
       {yes},
       lost},
      {"ue found", "Let users sign in again on a UE that was lost", "clavigerctl ue found truck-7", {ue}, {}, found},
      {"ue remove",
       "Forget a UE; everybody on it is signed off",
       "clavigerctl ue remove truck-7 --yes",
       {ue},
       {yes},
       remove},
  };
}

}  // namespace claviger::ctl
