#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "core/base/secret.h"
#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/commands/json_options.h"
#include "tools/clavigerctl/noun.h"
#include "tools/clavigerctl/terminal.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

const std::vector<Column>& subscriber_columns() {
  static const std::vector<Column> kColumns{{"private identity", "impi"},
                                            {"public identities", "impus"},
                                            {"algorithm", "algorithm"},
                                            {"RES", "response_bytes"},
                                            {"AMF", "amf"},
                                            {"bits of IND", "ind_bits"},
                                            {"enabled", "enabled", Show::YesNo},
                                            {"visited networks", "visited_networks"},
                                            {"registration", "registration"},
                                            {"S-CSCF", "server_name"},
                                            {"its host", "server_host"},
                                            {"authentication pending", "authentication_pending", Show::YesNo},
                                            {"resynchronisations", "resynchronisations"},
                                            {"the last", "resynchronised_at", Show::Time},
                                            {"added", "created_at", Show::Time},
                                            {"changed", "changed_at", Show::Time}};
  return kColumns;
}

constexpr Noun kSubscriber{"/subscribers/", "IMPI", subscriber_columns};

// A body with keys: never grows beyond what was reserved, so no copy is left behind, and is wiped.
struct KeyBody {
  static constexpr std::size_t kBytesMax = 32 * 1024;
  KeyBody() { text.reserve(kBytesMax); }
  KeyBody(const KeyBody&) = delete;
  KeyBody& operator=(const KeyBody&) = delete;
  ~KeyBody() { wipe(std::as_writable_bytes(std::span(text))); }
  std::string text;
};

// "K OPC": two texts with blanks between, or a line each. False: said why not.
bool write_keys(Invocation& invocation, codec::JsonWriter<std::string>& json) {
  const auto line = is_terminal(STDIN_FILENO) ? prompt_new_password("K and OPc (or TOPc), a blank between, of")
                                              : read_password_from_stdin();
  if (!line) {
    invocation.complain("the keys cannot be read: K and OPc (or TOPc), a blank between, on standard input");
    return false;
  }
  const std::string_view text = as_text(line->reveal());
  constexpr std::string_view kBlanks = " \t";
  const std::size_t blank = std::min(text.find_first_of(kBlanks), text.size());
  const std::size_t second = std::min(text.find_first_not_of(kBlanks, blank), text.size());
  std::string_view other = text.substr(second);
  SecretBytes next_line;
  if (other.empty() && !is_terminal(STDIN_FILENO)) {
    if (auto next = read_password_from_stdin()) next_line = *std::move(next);
    other = as_text(next_line.reveal());
  }
  if (blank == 0 || other.empty()) {
    invocation.complain("K and OPc (or TOPc) are wanted, with a blank between");
    return false;
  }
  json.member("k", text.substr(0, blank)).member(invocation.args.has("--op") ? "op" : "opc", other);
  return true;
}

bool write_members(Invocation& invocation, codec::JsonWriter<std::string>& json) {
  const Arguments& args = invocation.args;
  add_list(json, args, "--impu", "impus");
  add_list(json, args, "--visited-network", "visited_networks");
  for (const auto& [option, member] :
       {std::pair{"--algorithm", "algorithm"}, std::pair{"--amf", "amf"}, std::pair{"--sqn", "sqn"}}) {
    if (args.has(option)) json.member(member, args.get(option));
  }
  if (args.has("--serves-unregistered")) json.member("serves_unregistered", args.get("--serves-unregistered") == "yes");
  for (const auto& [option, member] :
       {std::pair{"--ind-bits", "ind_bits"}, std::pair{"--response-bytes", "response_bytes"},
        std::pair{"--iterations", "iterations"}}) {
    if (!add_number(json, invocation, option, member)) return false;
  }
  return true;
}

ExitStatus add(Invocation& invocation) {
  const auto target = invocation.tenant_target("/subscribers");
  if (!target) return ExitStatus::Failed;
  KeyBody body;
  codec::JsonWriter json(body.text);
  json.begin_object().member("impi", invocation.args.get("IMPI"));
  if (!write_members(invocation, json) || !write_keys(invocation, json)) return ExitStatus::Usage;
  if (invocation.args.has("--disabled")) json.member("enabled", false);
  json.end_object();
  const auto answer = invocation.ask("POST", *target, body.text);
  return answer.is_ok() ? print_object(invocation, answer.body, subscriber_columns()) : answer.status;
}

ExitStatus set(Invocation& invocation) {
  KeyBody body;
  codec::JsonWriter json(body.text);
  json.begin_object();
  if (!write_members(invocation, json)) return ExitStatus::Usage;
  if (invocation.args.has("--new-key") && !write_keys(invocation, json)) return ExitStatus::Usage;
  json.end_object();
  return ask_and_show(invocation, kSubscriber, "PATCH", {}, body.text);
}

ExitStatus show(Invocation& invocation) { return ask_and_show(invocation, kSubscriber, "GET"); }
ExitStatus enable(Invocation& invocation) { return ask_and_show(invocation, kSubscriber, "POST", "/enable"); }
ExitStatus disable(Invocation& invocation) { return ask_and_show(invocation, kSubscriber, "POST", "/disable"); }

ExitStatus remove(Invocation& invocation) {
  const std::string impi(invocation.args.get("IMPI"));
  if (!invocation.is_confirmed("Remove " + impi + "? His keys are gone for good.")) return ExitStatus::Failed;
  return ask_only(invocation, "DELETE", target_of(invocation, kSubscriber));
}

ExitStatus list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/subscribers");
  if (!target) return ExitStatus::Failed;
  const std::string_view limit = invocation.args.get("--limit");
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), count);
  if (!limit.empty() && (error != std::errc() || end != limit.data() + limit.size() || count == 0)) {
    invocation.complain("--limit takes a positive number");
    return ExitStatus::Usage;
  }
  return print_all_pages(invocation, *target,
                         {{"PRIVATE IDENTITY", "impi"},
                          {"PUBLIC IDENTITIES", "impus"},
                          {"ALGORITHM", "algorithm"},
                          {"ENABLED", "enabled", Show::YesNo},
                          {"ADDED", "created_at", Show::Time}},
                         count);
}

}  // namespace

std::vector<Command> subscriber_commands() {
  const Operand impi{"IMPI", "The private identity; to show, a public one too"};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  const std::vector<Option> members{
      {"--impu", "A public identity, sip: or tel:; several times for several, the first is the default",
       OptionKind::List},
      {"--algorithm", "Of the module (milenage)", OptionKind::Value, {"milenage", "tuak"}},
      {"--op", "The second key is OP or TOP: OPc or TOPc is made of it", OptionKind::Flag},
      {"--amf", "4 hexadecimal digits (0000)"},
      {"--sqn", "12 hexadecimal digits: SQN where the module was numbered before"},
      {"--ind-bits", "Bits of IND in SQN, 0 to 8 (5)"},
      {"--response-bytes", "Of RES with TUAK: 4, 8 or 16 (8)"},
      {"--iterations", "Of Keccak with TUAK (1)"},
      {"--visited-network", "Where he may register; several times for several (anywhere)", OptionKind::List},
      {"--serves-unregistered", "Has he services while not registered? (no)", OptionKind::Value, {"yes", "no"}}};
  std::vector<Option> of_add = members;
  of_add.push_back({"--disabled", "Add him disabled", OptionKind::Flag});
  std::vector<Option> of_set = members;
  of_set.push_back({"--new-key", "Read new keys; his sequence numbers start anew", OptionKind::Flag});
  return {
      {"subscriber add",
       "Add a subscriber; K and OPc (or TOPc) come on standard input, and are never shown again",
       "clavigerctl subscriber add ann@ims.alpha.example --impu sip:ann@ims.alpha.example < keys",
       {impi},
       of_add,
       add},
      {"subscriber set",
       "Change a subscriber",
       "clavigerctl subscriber set ann@ims.alpha.example --amf 8000",
       {impi},
       of_set,
       set},
      {"subscriber show",
       "One subscriber: his identities, where he is registered",
       "clavigerctl subscriber show sip:ann@ims.alpha.example",
       {impi},
       {},
       show},
      {"subscriber list",
       "All subscribers, page by page",
       "clavigerctl subscriber list --limit 20",
       {},
       {{"--limit", "At most so many"}},
       list},
      {"subscriber enable",
       "Let a subscriber register again",
       "clavigerctl subscriber enable ann@ims.alpha.example",
       {impi},
       {},
       enable},
      {"subscriber disable",
       "No vectors for a subscriber any more",
       "clavigerctl subscriber disable ann@ims.alpha.example",
       {impi},
       {{"--yes", "As other verbs have it: nobody is asked here, enable undoes it", OptionKind::Flag}},
       disable},
      {"subscriber remove",
       "Remove a subscriber with his keys",
       "clavigerctl subscriber remove ann@ims.alpha.example",
       {impi},
       {yes},
       remove},
  };
}

}  // namespace claviger::ctl
