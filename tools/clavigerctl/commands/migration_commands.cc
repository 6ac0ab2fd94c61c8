#include "tools/clavigerctl/commands/migration_commands.h"

#include <openssl/crypto.h>

#include <fstream>
#include <iterator>

#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/json_options.h"
#include "tools/clavigerctl/progress_bar.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

// A certificate, a key, a profile; the daemon refuses larger ones itself.
constexpr std::size_t kFileBytesMax = 64 * 1024;
// What the daemon takes at once.
constexpr std::size_t kBatch = 1000;
constexpr std::size_t kBatchBytesMax = 1024 * 1024;

using Json = codec::JsonWriter<std::string>;

const std::vector<Column>& agreement_columns() {
  static const std::vector<Column> kColumns{{"system", "system"},
                                            {"we are there", "own_system"},
                                            {"active", "active", Show::YesNo},
                                            {"its users here", "inbound"},
                                            {"our users there", "outbound"},
                                            {"services", "services"},
                                            {"identity server", "partner"},
                                            {"its domains", "domains"},
                                            {"ranges of its users", "ranges"},
                                            {"from", "not_before", Show::Time},
                                            {"until", "not_after", Show::Time},
                                            {"realm", "realm"},
                                            {"agents of its SIP core", "core_hosts"},
                                            {"its MMS", "mms_hosts"},
                                            {"agents on the way", "agents"},
                                            {"our S-CSCFs", "cscfs"},
                                            {"identities here begin", "identities"},
                                            {"our server name", "server_name"},
                                            {"IMS profile", "has_user_data", Show::YesNo},
                                            {"grant wanted", "wants_grant", Show::YesNo},
                                            {"its AVP, vendor", "grant_vendor"},
                                            {"and code", "grant_code"},
                                            {"bindings at most", "bindings_max"},
                                            {"requests a second", "requests_per_second"},
                                            {"requests a minute, a user", "requests_per_minute_of_binding"},
                                            {"devices: realm", "access_realm"},
                                            {"devices: P-CSCF", "access_proxy"},
                                            {"devices: networks", "access_networks"},
                                            {"its API", "url"},
                                            {"its token endpoint", "token_endpoint"},
                                            {"our client there", "client_id"},
                                            {"its client here", "caller"},
                                            {"requests", "counters.requests"},
                                            {"relayed", "counters.relayed"},
                                            {"answered", "counters.answered"},
                                            {"refused", "counters.refused"},
                                            {"failed there", "counters.upstream_errors"},
                                            {"answers refused", "counters.answers_refused"},
                                            {"unreachable", "counters.unreachable"},
                                            {"failed over", "counters.failed_over"},
                                            {"answered here", "counters.local"},
                                            {"terminated", "counters.terminated"},
                                            {"configured", "counters.configured"},
                                            {"services granted", "counters.services_granted"},
                                            {"services denied", "counters.services_denied"},
                                            {"created", "created_at", Show::Time}};
  return kColumns;
}

const std::vector<Column>& binding_columns() {
  static const std::vector<Column> kColumns{{"direction", "direction"},
                                            {"system", "system"},
                                            {"mode", "mode"},
                                            {"state", "state"},
                                            {"held", "held", Show::YesNo},
                                            {"partner IMPI", "partner_impi"},
                                            {"partner IMPUs", "partner_impus"},
                                            {"primary IMPI", "primary_impi"},
                                            {"primary IMPUs", "primary_impus"},
                                            {"user", "sub"},
                                            {"next hop", "hosts"},
                                            {"realm", "realm"},
                                            {"from", "not_before", Show::Time},
                                            {"until", "not_after", Show::Time},
                                            {"origin", "origin"},
                                            {"created", "created_at", Show::Time},
                                            {"changed", "changed_at", Show::Time},
                                            {"version", "version"}};
  return kColumns;
}

std::int64_t int_in(const codec::JsonObject& object, std::string_view name) {
  const auto number = object.int_at(name);
  return number ? *number : 0;
}
std::string text_in(const codec::JsonObject& object, std::string_view name) {
  const auto text = object.string_at(name);
  return text ? std::string(*text) : std::string();
}

bool add_file(Json& json, Invocation& invocation, std::string_view option, std::string_view member) {
  if (!invocation.args.has(option)) return true;
  std::ifstream file{std::string(invocation.args.get(option)), std::ios::binary};
  std::string text(std::istreambuf_iterator<char>(file), {});
  const bool is_good = !text.empty() && text.size() <= kFileBytesMax;
  if (is_good) json.member(member, text);
  OPENSSL_cleanse(text.data(), text.size());
  if (!is_good) invocation.complain(std::string(option) + ": the file cannot be read, is empty or larger than 64 KiB");
  return is_good;
}

// A request body that holds a private key: sized once, wiped at the end.
class KeyBody {
 public:
  KeyBody() { text_.reserve(8 * kFileBytesMax); }
  KeyBody(const KeyBody&) = delete;
  KeyBody& operator=(const KeyBody&) = delete;
  ~KeyBody() { OPENSSL_cleanse(text_.data(), text_.capacity()); }
  std::string& text() { return text_; }

 private:
  std::string text_;
};

bool add_agreement_members(Json& json, Invocation& invocation) {
  const Arguments& args = invocation.args;
  for (const auto& [option, member] :
       {std::pair{"--own-system", "own_system"}, std::pair{"--partner", "partner"}, std::pair{"--inbound", "inbound"},
        std::pair{"--outbound", "outbound"}, std::pair{"--realm", "realm"}, std::pair{"--server-name", "server_name"},
        std::pair{"--database-host", "database_host"}, std::pair{"--database-realm", "database_realm"},
        std::pair{"--access-realm", "access_realm"}, std::pair{"--access-proxy", "access_proxy"},
        std::pair{"--url", "url"}, std::pair{"--token-endpoint", "token_endpoint"},
        std::pair{"--client-id", "client_id"}, std::pair{"--caller", "caller"}}) {
    if (args.has(option)) json.member(member, args.get(option));
  }
  for (const auto& [option, member] :
       {std::pair{"--service", "services"}, std::pair{"--domain", "domains"}, std::pair{"--range", "ranges"},
        std::pair{"--core-host", "core_hosts"}, std::pair{"--mms-host", "mms_hosts"}, std::pair{"--agent", "agents"},
        std::pair{"--cscf", "cscfs"}, std::pair{"--identity", "identities"},
        std::pair{"--access-network", "access_networks"}}) {
    add_list(json, args, option, member);
  }
  if (args.has("--active")) json.member("active", args.get("--active") == "yes");
  if (args.has("--wants-grant")) json.member("wants_grant", args.get("--wants-grant") == "yes");
  for (const auto& [option, member] :
       {std::pair{"--not-before", "not_before"}, std::pair{"--not-after", "not_after"},
        std::pair{"--bindings-max", "bindings_max"}, std::pair{"--requests-per-second", "requests_per_second"},
        std::pair{"--requests-per-minute-of-user", "requests_per_minute_of_binding"},
        std::pair{"--grant-vendor", "grant_vendor"}, std::pair{"--grant-code", "grant_code"}}) {
    if (!add_number(json, invocation, option, member)) return false;
  }
  return add_file(json, invocation, "--user-data", "user_data") && add_file(json, invocation, "--ca", "ca_pem") &&
         add_file(json, invocation, "--certificate", "certificate_pem") &&
         add_file(json, invocation, "--key", "key_pem");
}

std::optional<std::string> agreement_target(Invocation& invocation, std::string_view rest = {}) {
  return invocation.tenant_target("/agreements/" + path_segment(invocation.args.get("SYSTEM")) + std::string(rest));
}

ExitStatus send_agreement(Invocation& invocation, std::string_view method, const std::optional<std::string>& target,
                          bool is_new) {
  KeyBody body;
  Json json(body.text());
  json.begin_object();
  if (is_new) json.member("system", invocation.args.get("SYSTEM"));
  if (!add_agreement_members(json, invocation)) return ExitStatus::Usage;
  json.end_object();
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask(method, *target, body.text());
  return answer.is_ok() ? print_object(invocation, answer.body, agreement_columns()) : answer.status;
}
ExitStatus add_agreement(Invocation& invocation) {
  return send_agreement(invocation, "POST", invocation.tenant_target("/agreements"), true);
}
ExitStatus change_agreement(Invocation& invocation) {
  return send_agreement(invocation, "PATCH", agreement_target(invocation), false);
}

ExitStatus show_agreement(Invocation& invocation) {
  const auto target = agreement_target(invocation);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  return answer.is_ok() ? print_object(invocation, answer.body, agreement_columns()) : answer.status;
}

ExitStatus list_agreements(Invocation& invocation) {
  const auto target = invocation.tenant_target("/agreements");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target,
                         {{"SYSTEM", "system"},
                          {"ACTIVE", "active", Show::YesNo},
                          {"ITS USERS HERE", "inbound"},
                          {"OUR USERS THERE", "outbound"},
                          {"SERVICES", "services"},
                          {"REALM", "realm"},
                          {"RELAYED", "counters.relayed"}},
                         0);
}

ExitStatus remove_agreement(Invocation& invocation) {
  const std::string system(invocation.args.get("SYSTEM"));
  if (!invocation.is_confirmed("Remove the agreement with " + system + "? No user migrates from or to it any more.")) {
    return ExitStatus::Failed;
  }
  const auto target = agreement_target(invocation);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json("{}");
  return answer.status;
}

// "m{n}@visitors.example" with 17: "m17@visitors.example".
std::string filled(std::string_view pattern, std::int64_t number) {
  std::string text(pattern);
  const std::size_t at = text.find("{n}");
  if (at != std::string::npos) text.replace(at, 3, std::to_string(number));
  return text;
}

ExitStatus add_to_pool(Invocation& invocation) {
  const std::int64_t first = number_of(invocation.args.get("--from")).value_or(1);
  const auto count = number_of(invocation.args.has("--count") ? invocation.args.get("--count") : "1");
  constexpr std::int64_t kCountMax = 10'000'000;
  const std::string pattern(invocation.args.get("--impi"));
  const bool is_one = pattern.find("{n}") == std::string::npos;
  if (!count || *count < 1 || *count > kCountMax || (is_one && *count != 1)) {
    invocation.complain("--count: a number, and \"{n}\" in --impi and --impu where the number goes");
    return ExitStatus::Usage;
  }
  const auto target = agreement_target(invocation, "/pool");
  if (!target) return ExitStatus::Failed;
  std::int64_t added = 0;
  for (std::int64_t done = 0; done < *count;) {
    std::string body;
    Json json(body);
    json.begin_object().name("identities").begin_array();
    for (std::size_t i = 0; i < kBatch && done < *count && body.size() < kBatchBytesMax; ++i, ++done) {
      json.begin_object().member("impi", filled(pattern, first + done)).name("impus").begin_array();
      for (const std::string& impu : invocation.args.list("--impu")) json.value(filled(impu, first + done));
      json.end_array().end_object();
    }
    json.end_array().end_object();
    const auto answer = invocation.ask("POST", *target, body);
    if (!answer.is_ok()) return answer.status;
    codec::JsonReader reader;
    const auto value = reader.parse(answer.body);
    const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
    if (object) added += int_in(*object, "added");
  }
  if (invocation.args.wants_json) {
    invocation.print_json("{\"added\":" + std::to_string(added) + "}");
  } else {
    invocation.print(std::to_string(added) + " added\n");
  }
  return ExitStatus::Ok;
}

ExitStatus show_pool(Invocation& invocation) {
  const auto target = agreement_target(invocation, "/pool");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  return answer.is_ok() ? print_object(invocation, answer.body, {{"left", "left"}}) : answer.status;
}

ExitStatus add_binding(Invocation& invocation) {
  const Arguments& args = invocation.args;
  std::string body;
  Json json(body);
  json.begin_object().member("system", args.get("SYSTEM"));
  if (args.has("--user")) json.member("direction", "outbound").member("login", args.get("--user"));
  if (args.has("--outbound")) json.member("direction", "outbound");
  for (const auto& [option, member] : {std::pair{"--mode", "mode"}, std::pair{"--partner-impi", "partner_impi"},
                                       std::pair{"--primary-impi", "primary_impi"}, std::pair{"--realm", "realm"}}) {
    if (args.has(option)) json.member(member, args.get(option));
  }
  add_list(json, args, "--partner-impu", "partner_impus");
  add_list(json, args, "--primary-impu", "primary_impus");
  add_list(json, args, "--host", "hosts");
  const bool has_access = args.has("--access-realm") || args.has("--access-proxy") || args.has("--access-network");
  if (has_access) {
    json.name("access").begin_object();
    if (args.has("--access-realm")) json.member("realm", args.get("--access-realm"));
    if (args.has("--access-proxy")) json.member("proxy", args.get("--access-proxy"));
    add_list(json, args, "--access-network", "networks");
    json.end_object();
  }
  if (!add_number(json, invocation, "--not-before", "not_before") ||
      !add_number(json, invocation, "--not-after", "not_after") ||
      !add_number(json, invocation, "--if-version", "if_version")) {
    return ExitStatus::Usage;
  }
  json.end_object();
  const auto target = invocation.tenant_target("/bindings");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target, body);
  return answer.is_ok() ? print_object(invocation, answer.body, binding_columns()) : answer.status;
}

struct ImportSums {
  std::int64_t lines = 0;
  std::int64_t created = 0;
  std::int64_t refused = 0;
};

// False: the daemon does not take it; said why not.
bool send_batch(Invocation& invocation, const std::string& target, const std::string& batch, std::int64_t first_line,
                ImportSums& sums) {
  const auto answer = invocation.ask("POST", target, batch, "application/x-ndjson");
  if (!answer.is_ok()) return false;
  codec::JsonReader reader;
  const auto value = reader.parse(answer.body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!object) return false;
  sums.created += int_in(*object, "created");
  const auto refused = object->at("refused");
  const auto lines = refused ? refused->as_array() : Result<codec::JsonArray>(refused.error());
  if (!lines) return false;
  for (const codec::JsonValue line : *lines) {
    const auto one = line.as_object();
    if (!one) continue;
    ++sums.refused;
    invocation.complain("line " + std::to_string(first_line + int_in(*one, "line")) + ": " + text_in(*one, "code") +
                        " " + text_in(*one, "where"));
  }
  return true;
}

ExitStatus import_bindings(Invocation& invocation) {
  std::ifstream file{std::string(invocation.args.get("FILE")), std::ios::binary};
  if (!file) {
    invocation.complain("the file cannot be read");
    return ExitStatus::Failed;
  }
  const auto target = invocation.tenant_target("/binding-import");
  if (!target) return ExitStatus::Failed;
  ImportSums sums;
  std::string batch;
  std::size_t lines = 0;
  std::string line;
  const auto flush = [&] {
    const bool is_good =
        lines == 0 || send_batch(invocation, *target, batch, sums.lines - static_cast<std::int64_t>(lines) + 1, sums);
    batch.clear();
    lines = 0;
    return is_good;
  };
  while (std::getline(file, line)) {
    batch.append(line).append("\n");
    ++sums.lines;
    if (++lines < kBatch && batch.size() < kBatchBytesMax) continue;
    if (!flush()) return ExitStatus::Failed;
  }
  if (!flush()) return ExitStatus::Failed;
  if (invocation.args.wants_json) {
    invocation.print_json("{\"lines\":" + std::to_string(sums.lines) + ",\"created\":" + std::to_string(sums.created) +
                          ",\"refused\":" + std::to_string(sums.refused) + "}");
  } else {
    invocation.print(std::to_string(sums.lines) + " lines, " + std::to_string(sums.created) + " new, " +
                     std::to_string(sums.refused) + " refused\n");
  }
  return sums.refused == 0 ? ExitStatus::Ok : ExitStatus::Failed;
}

std::string system_query(const Invocation& invocation) {
  if (!invocation.args.has("--system")) return {};
  return "system=" + path_segment(invocation.args.get("--system"));
}

ExitStatus list_bindings(Invocation& invocation) {
  const auto target = invocation.tenant_target("/bindings");
  if (!target) return ExitStatus::Failed;
  std::string query = system_query(invocation);
  if (query.empty() && invocation.args.has("SYSTEM")) {
    query = "system=" + path_segment(invocation.args.get("SYSTEM"));
  }
  if (query.empty() && invocation.args.has("--outbound")) {
    invocation.complain("--outbound wants the system: clavigerctl binding list SYSTEM --outbound");
    return ExitStatus::Usage;
  }
  if (invocation.args.has("--outbound")) query += std::string(query.empty() ? "" : "&") + "outbound=true";
  return print_all_pages(invocation, *target + (query.empty() ? "" : "?" + query),
                         {{"SYSTEM", "system"},
                          {"MODE", "mode"},
                          {"STATE", "state"},
                          {"PARTNER IMPI", "partner_impi"},
                          {"PRIMARY IMPI", "primary_impi"},
                          {"CHANGED", "changed_at", Show::Time}},
                         0);
}

ExitStatus ask_binding(Invocation& invocation, std::string_view method, std::string_view verb) {
  const std::string query = system_query(invocation);
  const auto target = invocation.tenant_target("/bindings/" + path_segment(invocation.args.get("IMPI")) +
                                               std::string(verb) + (query.empty() ? "" : "?" + query));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask(method, *target);
  return answer.is_ok() ? print_object(invocation, answer.body, binding_columns()) : answer.status;
}
ExitStatus show_binding(Invocation& invocation) { return ask_binding(invocation, "GET", {}); }
ExitStatus suspend_binding(Invocation& invocation) { return ask_binding(invocation, "POST", "/suspend"); }
ExitStatus resume_binding(Invocation& invocation) { return ask_binding(invocation, "POST", "/resume"); }
ExitStatus revoke_binding(Invocation& invocation) {
  const std::string impi(invocation.args.get("IMPI"));
  if (!invocation.is_confirmed("Revoke the binding of " + impi + " for good?")) return ExitStatus::Failed;
  return ask_binding(invocation, "POST", "/revoke");
}

ExitStatus trace(Invocation& invocation) {
  const auto target = invocation.tenant_target("/migration/trace/" + path_segment(invocation.args.get("IDENTITY")));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  if (!answer.is_ok()) return answer.status;
  if (answer.body.find("\"items\":[]") != std::string::npos) {
    invocation.complain("nothing is remembered of " + std::string(invocation.args.get("IDENTITY")) +
                        ": nobody asked for it lately, or it is written otherwise (clavigerctl binding list)");
  }
  return print_page(invocation, answer.body,
                    {{"TIME", "at", Show::Time},
                     {"MS", "at_ms"},
                     {"STEP", "step"},
                     {"OUTCOME", "outcome"},
                     {"RESULT", "result"},
                     {"US", "took_us"},
                     {"SYSTEM", "system"},
                     {"PEER", "peer"}});
}

}  // namespace

std::vector<Command> migration_commands() {
  const Operand system{"SYSTEM", "MC system ID of the other system"};
  const Operand impi{"IMPI", "Private identity: the partner system's; with --system the one here of a user of ours"};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  const Option of_system{"--system", "A user of ours, in this other system"};
  const std::vector<std::string_view> yes_no{"yes", "no"};
  const std::vector<Option> agreement_options{
      {"--own-system", "Our MC system ID, as the other one knows us"},
      {"--partner", "Its identity server among our partners: for the service authorisation of its users"},
      {"--active", "Whether it is in force", OptionKind::Value, yes_no},
      {"--not-before", "From when on (NumericDate)"},
      {"--not-after", "Until when (NumericDate)"},
      {"--service", "mcptt, mcvideo or mcdata, all of them", OptionKind::List},
      {"--inbound",
       "How its users' bindings come about here",
       OptionKind::Value,
       {"none", "static", "dynamic", "both"}},
      {"--outbound", "Which of our users may go there", OptionKind::Value, {"none", "listed", "all"}},
      {"--domain", "A SIP domain that is its own, all of them", OptionKind::List},
      {"--range", "A SIP domain of ours for its users, all of them", OptionKind::List},
      {"--identity",
       "How its users' public identities here begin (sip:fire-, tel:+4930), all of them; any in --range, and any "
       "number, unless given",
       OptionKind::List},
      {"--bindings-max", "Bindings of its users at most"},
      {"--requests-per-second", "Authentication requests, on each shard"},
      {"--requests-per-minute-of-user", "The same of one user"},
      {"--realm", "Its Diameter realm"},
      {"--core-host", "Diameter agent of its SIP core (static mode), in order of preference", OptionKind::List},
      {"--mms-host", "Its migration management server (dynamic mode)", OptionKind::List},
      {"--agent", "A Diameter agent that requests may pass, all of them", OptionKind::List},
      {"--cscf", "S-CSCFs and I-CSCFs that may ask for its users, all of them; those of our realm unless given",
       OptionKind::List},
      {"--database-host", "Agent or HSS that has our users' keys; the SIP database here unless given"},
      {"--database-realm", "Its realm"},
      {"--server-name", "What we are called there; sip:mms. and the first range unless given"},
      {"--user-data", "IMS profile of its users here: a file with %IMPI% and %IMPU%", OptionKind::Value, {}, true},
      {"--wants-grant", "Requests for our users must carry the grant that we gave", OptionKind::Value, yes_no},
      {"--grant-vendor", "Vendor of the AVP that carries it, agreed upon by both sides; 0: it is not sent"},
      {"--grant-code", "Code of that AVP (1)"},
      {"--access-realm", "Told to devices: the home network domain here"},
      {"--access-proxy", "Told to devices: the P-CSCF"},
      {"--access-network", "Told to devices: a PDN, all of them", OptionKind::List},
      {"--url", "Its migration API: https://HOST/migration/v1/TENANT"},
      {"--token-endpoint", "Where we get a token for it"},
      {"--client-id", "Our client there"},
      {"--caller", "Its client here"},
      {"--ca", "The CA of its TLS certificate (PEM)", OptionKind::Value, {}, true},
      {"--certificate", "Our certificate there (PEM)", OptionKind::Value, {}, true},
      {"--key", "Its private key (PEM)", OptionKind::Value, {}, true}};
  return {
      {"agreement add",
       "Agree with another MC system about users who migrate",
       "clavigerctl agreement add bravo.example --own-system alpha.example --outbound listed --domain "
       "bravo.example",
       {system},
       agreement_options,
       add_agreement},
      {"agreement change",
       "Change what is said, leave the rest",
       "clavigerctl agreement change bravo.example --active no",
       {system},
       agreement_options,
       change_agreement},
      {"agreement list", "All agreements", "clavigerctl agreement list", {}, {}, list_agreements},
      {"agreement show",
       "One agreement, and what was counted",
       "clavigerctl agreement show bravo.example",
       {system},
       {},
       show_agreement},
      {"agreement remove",
       "Remove an agreement; bindings stay, and are good for nothing without one",
       "clavigerctl agreement remove bravo.example --yes",
       {system},
       {yes},
       remove_agreement},
      {"agreement pool add",
       "SIP identities to give to its users",
       "clavigerctl agreement pool add alpha.example --impi v{n}@visitors.bravo.example --impu "
       "sip:v{n}@visitors.bravo.example --count 1000",
       {system},
       {{"--impi", "Private identity; {n} is the number"},
        {"--impu", "Public identity of it, all of them", OptionKind::List},
        {"--from", "The first number; 1 unless given"},
        {"--count", "How many"}},
       add_to_pool},
      {"agreement pool show",
       "How many are left",
       "clavigerctl agreement pool show alpha.example",
       {system},
       {},
       show_pool},
      {"binding add",
       "Bind SIP identities here and there: of a user from elsewhere, or with --user of one of ours",
       "clavigerctl binding add alpha.example --partner-impi v1@visitors.bravo.example --partner-impu "
       "sip:v1@visitors.bravo.example "
       "--primary-impi ann@alpha.example --primary-impu sip:ann@alpha.example",
       {system},
       {{"--user", "Login name of our user: he may go there; without --partner-impi he gets identities when he asks"},
        {"--outbound", "Of a user of ours who is no user of the identity server", OptionKind::Flag},
        {"--mode", "How it came about", OptionKind::Value, {"static", "dynamic"}},
        {"--partner-impi", "Private identity in the partner system"},
        {"--partner-impu", "Public identity there, all of them", OptionKind::List},
        {"--primary-impi", "Private identity at home"},
        {"--primary-impu", "Public identity at home, all of them", OptionKind::List},
        {"--host", "Diameter identity of the next hop, in order; the agreement's unless given", OptionKind::List},
        {"--realm", "Its realm"},
        {"--access-realm", "Told to the device: the home network domain there"},
        {"--access-proxy", "Told to the device: the P-CSCF"},
        {"--access-network", "Told to the device: a PDN", OptionKind::List},
        {"--not-before", "From when on (NumericDate)"},
        {"--not-after", "Until when (NumericDate)"},
        {"--if-version", "Only when the record has this version; 0: only when there is none"}},
       add_binding},
      {"binding import",
       "Bindings from a file, one JSON object a line",
       "clavigerctl binding import bindings.ndjson",
       {{"FILE", "The file", true, {}, true}},
       {},
       import_bindings},
      {"binding list",
       "Bindings of users from elsewhere, or with --outbound of ours",
       "clavigerctl binding list bravo.example --outbound",
       {{"SYSTEM", "With this other system alone; --outbound needs it", false}},
       {{"--system", "The same"}, {"--outbound", "Of users of ours who may go there", OptionKind::Flag}},
       list_bindings},
      {"binding show",
       "One binding",
       "clavigerctl binding show v1@visitors.bravo.example",
       {impi},
       {of_system},
       show_binding},
      {"binding suspend",
       "Do not use it for a while",
       "clavigerctl binding suspend v1@visitors.bravo.example",
       {impi},
       {of_system},
       suspend_binding},
      {"binding resume",
       "Use it again",
       "clavigerctl binding resume v1@visitors.bravo.example",
       {impi},
       {of_system},
       resume_binding},
      {"binding revoke",
       "Revoke it for good; of a user of ours, the partner system is told",
       "clavigerctl binding revoke v1@visitors.bravo.example --yes",
       {impi},
       {of_system, yes},
       revoke_binding},
      {"migration trace",
       "What happened lately with an identity: each step with its time and result",
       "clavigerctl migration trace v1@visitors.bravo.example",
       {{"IDENTITY", "Private or public identity here or there, or MC service ID"}},
       {},
       trace},
  };
}

}  // namespace claviger::ctl
