#include <charconv>

#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/noun.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

using Json = codec::JsonWriter<std::string>;

constexpr std::string_view kPeers = "/admin/v1/peers";

const std::vector<Column>& list_columns() {
  static const std::vector<Column> kColumns{{"IDENTITY", "identity"},
                                            {"REALM", "realm"},
                                            {"ADDRESS", "address"},
                                            {"FROM", "addresses"},
                                            {"TRANSPORT", "transport"},
                                            {"STATE", "state"},
                                            {"CONNECTED", "connected", Show::YesNo},
                                            {"PENDING", "pending"}};
  return kColumns;
}
const std::vector<Column>& peer_columns() {
  static const std::vector<Column> kColumns{{"identity", "identity"},
                                            {"realm", "realm"},
                                            {"address", "address"},
                                            {"connects from", "addresses"},
                                            {"transport", "transport"},
                                            {"admitted by", "admitted_by"},
                                            {"connected", "connected", Show::YesNo},
                                            {"watchdog", "state"},
                                            {"connected so often", "connects"},
                                            {"unanswered by it", "pending"},
                                            {"requests from it", "requests_in"},
                                            {"answers to it", "answers_out"},
                                            {"requests to it", "requests_out"},
                                            {"answers from it", "answers_in"},
                                            {"its requests refused", "refused"},
                                            {"messages dropped", "dropped"},
                                            {"requests moved to others", "failovers"}};
  return kColumns;
}

std::string peer_target(const Invocation& invocation, std::string_view below = {}) {
  return std::string(kPeers).append("/") + path_segment(invocation.args.get("IDENTITY")) + std::string(below);
}

ExitStatus ask(Invocation& invocation, std::string_view method, const std::string& target, std::string_view body = {}) {
  const auto answer = invocation.ask(method, target, body);
  return answer.is_ok() ? print_object(invocation, answer.body, peer_columns()) : answer.status;
}

ExitStatus list(Invocation& invocation) { return print_all_pages(invocation, std::string(kPeers), list_columns(), 0); }
ExitStatus show(Invocation& invocation) { return ask(invocation, "GET", peer_target(invocation)); }

// False: said why not.
bool add_number(Json& json, Invocation& invocation, std::string_view option, std::string_view member) {
  if (!invocation.args.has(option)) return true;
  const std::string_view text = invocation.args.get(option);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    invocation.complain(std::string(option) + ": a number");
    return false;
  }
  json.member(member, number);
  return true;
}

// In the clear it is known by nothing but where it is.
void note_anybody(Invocation& invocation, const std::string& body) {
  codec::JsonReader reader;
  const auto value = reader.parse(body);
  const auto peer = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!peer) return;
  const auto transport = peer->at("transport");
  const auto addresses = peer->at("addresses");
  const auto text = transport ? transport->as_string() : Result<std::string_view>(transport.error());
  const auto list = addresses ? addresses->as_array() : Result<codec::JsonArray>(addresses.error());
  if (!text || *text != "tcp" || !list || list->begin() != list->end()) return;
  invocation.complain("note: in the clear, and without --address: whoever says this name, from anywhere, is this peer");
}

// What is said of a peer, behind what `json` has. False: said why not.
bool add_members(Json& json, Invocation& invocation) {
  const Arguments& args = invocation.args;
  if (args.has("--host")) json.member("host", args.get("--host"));
  if (args.has("--transport")) json.member("transport", args.get("--transport"));
  for (const auto& [option, member] :
       {std::pair{"--route", "realms"}, std::pair{"--quirk", "quirks"}, std::pair{"--address", "addresses"}}) {
    if (!args.has(option)) continue;
    json.name(member).begin_array();
    for (const std::string& value : args.list(option)) json.value(value);
    json.end_array();
  }
  return add_number(json, invocation, "--port", "port") && add_number(json, invocation, "--priority", "priority") &&
         add_number(json, invocation, "--weight", "weight") &&
         add_number(json, invocation, "--rate", "requests_per_second");
}

ExitStatus send(Invocation& invocation, std::string_view method, const std::string& target, const std::string& body) {
  const auto answer = invocation.ask(method, target, body);
  if (!answer.is_ok()) return answer.status;
  note_anybody(invocation, answer.body);
  return print_object(invocation, answer.body, peer_columns());
}

ExitStatus add(Invocation& invocation) {
  std::string body;
  Json json(body);
  json.begin_object().member("identity", invocation.args.get("IDENTITY")).member("realm", invocation.args.get("REALM"));
  if (!add_members(json, invocation)) return ExitStatus::Usage;
  json.end_object();
  return send(invocation, "POST", std::string(kPeers), body);
}

ExitStatus set(Invocation& invocation) {
  std::string body;
  Json json(body);
  json.begin_object();
  if (invocation.args.has("--realm")) json.member("realm", invocation.args.get("--realm"));
  if (!add_members(json, invocation)) return ExitStatus::Usage;
  json.end_object();
  return send(invocation, "PATCH", peer_target(invocation), body);
}

ExitStatus remove(Invocation& invocation) {
  if (!invocation.is_confirmed("Deal with this peer no more?")) return ExitStatus::Failed;
  return ask_only(invocation, "DELETE", peer_target(invocation));
}
ExitStatus disconnect(Invocation& invocation) {
  if (!invocation.is_confirmed("Part from this peer until it, or you, connect again?")) return ExitStatus::Failed;
  return ask(invocation, "POST", peer_target(invocation, "/disconnect"));
}
ExitStatus connect(Invocation& invocation) { return ask(invocation, "POST", peer_target(invocation, "/connect")); }

}  // namespace

std::vector<Command> peer_commands() {
  const Operand identity{"IDENTITY", "Its Diameter identity (Origin-Host)"};
  const Option yes{"--yes", "Without asking", OptionKind::Flag};
  const std::vector<Option> options{
      {"--host", "Where we connect to; without it, it connects to us"},
      {"--port", "Its port (3868)"},
      {"--transport", "tls: both prove who they are; tcp: in the clear", OptionKind::Value, {"tls", "tcp"}},
      {"--address",
       "An address or network (192.0.2.0/24) that it connects from; in the clear it is known by nothing else",
       OptionKind::List},
      {"--route", "A realm that it serves; *: every other", OptionKind::List},
      {"--priority", "Among the peers of a realm, lowest first (1)"},
      {"--weight", "Its share among those of one priority (1)"},
      {"--rate", "Requests a second that are taken from it; 0: no bound"},
      {"--quirk", "A known fault of it", OptionKind::List, {"base-codes-as-3gpp"}}};
  std::vector<Option> changes = options;
  changes.push_back({"--realm", "Its realm (Origin-Realm)"});
  return {
      {"peer list", "All Diameter peers, and how they stand", "clavigerctl peer list", {}, {}, list},
      {"peer show", "One peer, with its figures", "clavigerctl peer show scscf.bravo.example", {identity}, {}, show},
      {"peer add",
       "Admit a peer; it is one until it is removed",
       "clavigerctl peer add hss.alpha.example alpha.example --host 192.0.2.7 --route alpha.example",
       {identity, {"REALM", "Its realm (Origin-Realm)"}},
       options,
       add},
      {"peer set",
       "Change an admitted peer: what is not said stays; a list as a whole, \"\" alone: none; its connection is made "
       "again",
       "clavigerctl peer set hss.alpha.example --address 192.0.2.7 --address 192.0.2.8",
       {identity},
       changes,
       set},
      {"peer remove",
       "Part from an admitted peer for good",
       "clavigerctl peer remove hss.alpha.example --yes",
       {identity},
       {yes},
       remove},
      {"peer disconnect",
       "Part from a peer for now; we do not call it again",
       "clavigerctl peer disconnect hss.alpha.example --yes",
       {identity},
       {yes},
       disconnect},
      {"peer connect",
       "Call a peer again that was parted from",
       "clavigerctl peer connect hss.alpha.example",
       {identity},
       {},
       connect},
  };
}

}  // namespace claviger::ctl
