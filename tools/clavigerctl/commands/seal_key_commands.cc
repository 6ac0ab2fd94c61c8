#include <charconv>

#include "core/codec/json_writer.h"
#include "core/codec/percent.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

using Json = codec::JsonWriter<std::string>;

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns{{"SERVICE", "service"},
                                            {"KEY OF", "target"},
                                            {"GENERATION", "generation"},
                                            {"KID", "kid"},
                                            {"STATE", "state"},
                                            {"FROM", "not_before", Show::Time},
                                            {"UNTIL", "expires_at", Show::Time},
                                            {"BROUGHT BY", "provisioned_by"}};
  return kColumns;
}

// False: said why not.
bool add_seconds(Json& json, Invocation& invocation, std::string_view option, std::string_view member) {
  if (!invocation.args.has(option)) return true;
  const std::string_view text = invocation.args.get(option);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    invocation.complain(std::string(option) + ": a number of seconds");
    return false;
  }
  json.member(member, seconds);
  return true;
}

ExitStatus post(Invocation& invocation, std::string_view verb) {
  std::string body;
  Json json(body);
  json.begin_object().member("service", invocation.args.get("SERVICE"));
  for (const auto& [option, member] :
       {std::pair{"--user", "user"}, std::pair{"--ue", "ue"}, std::pair{"--kid", "kid"}}) {
    if (invocation.args.has(option)) json.member(member, invocation.args.get(option));
  }
  if (invocation.args.has("--all")) json.member("all", true);
  if (!add_seconds(json, invocation, "--lifetime", "lifetime") || !add_seconds(json, invocation, "--in", "delay")) {
    return ExitStatus::Usage;
  }
  json.end_object();
  const auto target = invocation.tenant_target("/seal-keys" + std::string(verb));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target, body);
  return answer.is_ok() ? print_page(invocation, answer.body, columns()) : answer.status;
}

ExitStatus list(Invocation& invocation) {
  auto target = invocation.tenant_target("/seal-keys");
  if (!target) return ExitStatus::Failed;
  if (!invocation.args.has("SERVICE")) return print_all_pages(invocation, *target, columns(), 0);
  std::string query = "?service=";
  codec::percent_encode(invocation.args.get("SERVICE"), query);
  // One service has a key of its own and one for each user or UE with an own key.
  const auto answer = invocation.ask("GET", *target + query + "&limit=200");
  return answer.is_ok() ? print_page(invocation, answer.body, columns()) : answer.status;
}

ExitStatus create(Invocation& invocation) { return post(invocation, ""); }
ExitStatus rotate(Invocation& invocation) {
  const std::string service(invocation.args.get("SERVICE"));
  const bool is_prepared = invocation.args.has("--in");
  if (!is_prepared && !invocation.is_confirmed("Use another key of " + service + " from now on?")) {
    return ExitStatus::Failed;
  }
  return post(invocation, "/rotate");
}

ExitStatus revoke(Invocation& invocation) {
  const std::string service(invocation.args.get("SERVICE"));
  const std::string what = invocation.args.has("--all") ? "Every key" : "A key";
  if (!invocation.is_confirmed(what + " of " + service + " is given to nobody any more. Revoke?")) {
    return ExitStatus::Failed;
  }
  return post(invocation, "/revoke");
}

}  // namespace

std::vector<Command> seal_key_commands() {
  const Operand service{"SERVICE", "The VAL service ID"};
  const Option user{"--user", "The key of this VAL user, not of the whole service"};
  const Option ue{"--ue", "The key of this VAL UE, not of the whole service"};
  const Option lifetime{"--lifetime", "Seconds that a new key is good for; a year unless given"};
  return {
      {"seal-key list",
       "The keys of VAL services, by generation",
       "clavigerctl seal-key list",
       {{"SERVICE", "Only of this VAL service", false}},
       {},
       list},
      {"seal-key create",
       "Make the first key of a VAL service, or of a user or UE in it",
       "clavigerctl seal-key create v2x --user sip:ann@v2x.example",
       {service},
       {user, ue, lifetime},
       create},
      {"seal-key rotate",
       "Use the next key, or a new one, from now on; or prepare one",
       "clavigerctl seal-key rotate v2x --in 86400",
       {service},
       {user,
        ue,
        lifetime,
        {"--in", "Only prepare the next key, which takes over in so many seconds; does not ask"},
        {"--yes", "Do not ask", OptionKind::Flag}},
       rotate},
      {"seal-key revoke",
       "Give a key to nobody any more",
       "clavigerctl seal-key revoke v2x --yes",
       {service},
       {user,
        ue,
        {"--kid", "This key; the current one unless given"},
        {"--all", "Every key", OptionKind::Flag},
        {"--yes", "Do not ask", OptionKind::Flag}},
       revoke},
  };
}

}  // namespace claviger::ctl
