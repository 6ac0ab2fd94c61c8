#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "core/codec/json_writer.h"
#include "core/codec/percent.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

using Json = codec::JsonWriter<std::string>;

// Of one request (the daemon's rule); a longer file becomes several.
constexpr std::size_t kUsersMax = 10'000;

void add_list(Json& json, Invocation& invocation, std::string_view option, std::string_view member) {
  json.name(member).begin_array();
  for (const std::string& value : invocation.args.list(option)) json.value(value);
  json.end_array();
}

// False: said why not.
bool add_file(Json& json, Invocation& invocation, std::string_view option, std::string_view member) {
  if (!invocation.args.has(option)) return true;
  std::ifstream file{std::string(invocation.args.get(option)), std::ios::binary};
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.empty() || text.size() > 65536) {
    invocation.complain(std::string(option) + ": the file cannot be read, is empty or larger than 64 KiB");
    return false;
  }
  json.member(member, text);
  return true;
}

ExitStatus ask(Invocation& invocation, std::string_view method, const std::string& path, std::string_view body = {}) {
  const auto target = invocation.tenant_target(path);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask(method, *target, body);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json(answer.body);
  return answer.status;
}

ExitStatus print(Invocation& invocation, const std::string& path, const std::vector<Column>& columns) {
  const auto target = invocation.tenant_target(path);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  return answer.is_ok() ? print_page(invocation, answer.body, columns) : answer.status;
}

ExitStatus client_list(Invocation& invocation) {
  return print(invocation, "/acm/clients",
               {{"ACM CLIENT", "id"},
                {"OPERATORS", "operators"},
                {"PARTNERS", "partners"},
                {"DOMAINS", "domains"},
                {"APPROVES", "may_approve", Show::YesNo}});
}
ExitStatus client_add(Invocation& invocation) {
  std::string body;
  Json json(body);
  json.begin_object().member("may_approve", invocation.args.has("--may-approve"));
  add_list(json, invocation, "--operator", "operators");
  add_list(json, invocation, "--partner", "partners");
  add_list(json, invocation, "--domain", "domains");
  json.end_object();
  return ask(invocation, "PUT", "/acm/clients/" + path_segment(invocation.args.get("ID")), body);
}
ExitStatus client_remove(Invocation& invocation) {
  if (!invocation.is_confirmed("Remove ACM client " + std::string(invocation.args.get("ID")) +
                               "? It may ask no more.")) {
    return ExitStatus::Failed;
  }
  return ask(invocation, "DELETE", "/acm/clients/" + path_segment(invocation.args.get("ID")));
}

ExitStatus partner_list(Invocation& invocation) {
  return print(invocation, "/acm/partners",
               {{"SYSTEM", "system"},
                {"AS", "own_system"},
                {"URL", "url"},
                {"IDMS", "partner"},
                {"DOMAINS", "domains"},
                {"QUOTA", "quota"},
                {"MANUAL", "manual", Show::YesNo}});
}
ExitStatus partner_add(Invocation& invocation) {
  std::string body;
  Json json(body);
  json.begin_object();
  for (const auto& [option, member] :
       {std::pair{"--as", "own_system"}, std::pair{"--url", "url"}, std::pair{"--idms", "partner"}}) {
    if (invocation.args.has(option)) json.member(member, invocation.args.get(option));
  }
  for (const auto& [option, member] :
       {std::pair{"--ca", "ca_pem"}, std::pair{"--certificate", "certificate_pem"}, std::pair{"--key", "key_pem"},
        std::pair{"--peer-certificate", "peer_certificate_pem"}}) {
    if (!add_file(json, invocation, option, member)) return ExitStatus::Usage;
  }
  if (invocation.args.has("--quota")) {
    json.member("quota", std::strtoll(std::string(invocation.args.get("--quota")).c_str(), nullptr, 10));
  }
  json.member("manual", invocation.args.has("--manual")).member("wants_acmc", invocation.args.has("--wants-acmc"));
  add_list(json, invocation, "--domain", "domains");
  add_list(json, invocation, "--service", "services");
  json.end_object();
  const ExitStatus status =
      ask(invocation, "PUT", "/acm/partners/" + path_segment(invocation.args.get("SYSTEM")), body);
  std::fill(body.begin(), body.end(), '\0');
  return status;
}
ExitStatus partner_remove(Invocation& invocation) {
  const std::string system(invocation.args.get("SYSTEM"));
  if (!invocation.is_confirmed("Remove " + system + "? Its certificates and limits are forgotten with it.")) {
    return ExitStatus::Failed;
  }
  return ask(invocation, "DELETE", "/acm/partners/" + path_segment(invocation.args.get("SYSTEM")));
}

// 128 random bits.
std::string fresh_key() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string key;
  while (key.size() < 32) key += kDigits[random() % kDigits.size()];
  return key;
}

// A user a line: an MC ID, or a JSON object as in a request.
std::string request_of(Invocation& invocation, const std::vector<std::string>& users, std::size_t from,
                       std::size_t to) {
  std::string body;
  Json json(body);
  json.begin_object();
  add_list(json, invocation, "--target", "targets");
  json.name("mode").begin_object().member("partial", !invocation.args.has("--all-or-nothing")).end_object();
  json.name("users").begin_array();
  for (std::size_t i = from; i < to; ++i) {
    if (users[i].starts_with('{')) {
      json.raw(users[i]);
      continue;
    }
    json.begin_object().member("mc_id", users[i]);
    for (const auto& [option, member] : {std::pair{"--from", "valid_from"}, std::pair{"--until", "valid_until"}}) {
      if (invocation.args.has(option)) json.member(member, invocation.args.get(option));
    }
    json.end_object();
  }
  json.end_array().end_object();
  return body;
}

ExitStatus setup(Invocation& invocation) {
  std::vector<std::string> users = invocation.args.list("MC_ID");
  if (invocation.args.has("--users-from")) {
    std::ifstream file{std::string(invocation.args.get("--users-from"))};
    if (!file) {
      invocation.complain("--users-from: the file cannot be read");
      return ExitStatus::Usage;
    }
    for (std::string line; std::getline(file, line);) {
      if (!line.empty()) users.push_back(line);
    }
  }
  if (users.empty() || invocation.args.list("--target").empty() || !invocation.args.has("--client")) {
    invocation.complain("--client, --target and at least one user are needed");
    return ExitStatus::Usage;
  }
  const std::string key = invocation.args.has("--key") ? std::string(invocation.args.get("--key")) : fresh_key();
  for (std::size_t at = 0; at < users.size(); at += kUsersMax) {
    std::string target = "/acm/setups?client=";
    codec::percent_encode(invocation.args.get("--client"), target);
    codec::percent_encode(key + "-" + std::to_string(at / kUsersMax), target += "&key=");
    const auto whole = invocation.tenant_target(target);
    if (!whole) return ExitStatus::Failed;
    const auto answer =
        invocation.ask("POST", *whole, request_of(invocation, users, at, std::min(users.size(), at + kUsersMax)));
    if (!answer.is_ok()) return answer.status;
    const ExitStatus printed = print_object(invocation, answer.body, {{"request", "request_id"}, {"status", "status"}});
    if (printed != ExitStatus::Ok) return printed;
  }
  return ExitStatus::Ok;
}

ExitStatus list(Invocation& invocation) {
  const bool is_inbound = invocation.args.has("--inbound");
  const auto target = invocation.tenant_target(is_inbound ? "/acm/inbound" : "/acm/setups");
  if (!target) return ExitStatus::Failed;
  if (is_inbound) {
    return print_all_pages(invocation, *target,
                           {{"SYSTEM", "system"},
                            {"REQUEST", "request_id"},
                            {"STAGE", "stage"},
                            {"USERS", "users"},
                            {"BY", "by"},
                            {"CHANGED", "updated_at", Show::Time}},
                           0);
  }
  return print_all_pages(invocation, *target,
                         {{"REQUEST", "request_id"},
                          {"CLIENT", "client"},
                          {"BY", "by"},
                          {"TARGETS", "targets"},
                          {"USERS", "users"},
                          {"ASKED", "created_at", Show::Time}},
                         0);
}

ExitStatus status(Invocation& invocation) {
  const std::string path = "/acm/setups/" + path_segment(invocation.args.get("REQUEST"));
  if (invocation.args.has("--users")) {
    return print(invocation, path + "?users=true", {{"SYSTEM", "system"}, {"MC ID", "mc_id"}, {"STATUS", "status"}});
  }
  return print(invocation, path,
               {{"SYSTEM", "system"},
                {"STAGE", "stage"},
                {"USERS", "users"},
                {"GOOD", "good"},
                {"BAD", "bad"},
                {"WHY", "reason"},
                {"CHANGED", "updated_at", Show::Time}});
}

ExitStatus withdraw(Invocation& invocation) {
  const std::string request(invocation.args.get("REQUEST"));
  if (!invocation.is_confirmed("All that request " + request + " set up goes. Withdraw?")) return ExitStatus::Failed;
  return ask(invocation, "DELETE", "/acm/setups/" + path_segment(request));
}

ExitStatus decide(Invocation& invocation, std::string_view verb) {
  return ask(invocation, "POST",
             "/acm/inbound/" + path_segment(invocation.args.get("SYSTEM")) + "/" +
                 path_segment(invocation.args.get("REQUEST")) + "/" + std::string(verb));
}
ExitStatus approve(Invocation& invocation) { return decide(invocation, "approve"); }
ExitStatus reject(Invocation& invocation) {
  const std::string request(invocation.args.get("REQUEST"));
  if (!invocation.is_confirmed("Reject request " + request + " for good? The partner is told."))
    return ExitStatus::Failed;
  return decide(invocation, "reject");
}

}  // namespace

std::vector<Command> acm_commands() {
  const Operand id{"ID", "Its Home ACMC ID: an MC service ID, or a client_id"};
  const Operand system{"SYSTEM", "The MC system ID of the partner"};
  const Operand request{"REQUEST", "The request's ID"};
  const Option domain{"--domain", "A domain of MC IDs", OptionKind::List};
  return {
      {"acm client list", "Who may ask partners to set users up", "clavigerctl acm client list", {}, {}, client_list},
      {"acm client add",
       "Let an ACM client ask, or change what it may",
       "clavigerctl acm client add sip:chief.mcptt@alpha.example --partner bravo.example --domain alpha.example",
       {id},
       {{"--operator", "An identity that may use it beside its own", OptionKind::List},
        {"--partner", "An MC system it may ask; all unless given", OptionKind::List},
        domain,
        {"--may-approve", "Decides what partners ask for", OptionKind::Flag}},
       client_add},
      {"acm client remove",
       "Let an ACM client ask no more",
       "clavigerctl acm client remove sip:chief.mcptt@alpha.example --yes",
       {id},
       {{"--yes", "Do not ask", OptionKind::Flag}},
       client_remove},
      {"acm partner list",
       "The systems with which users are exchanged",
       "clavigerctl acm partner list",
       {},
       {},
       partner_list},
      {"acm partner add",
       "Exchange users with a system, or change how",
       "clavigerctl acm partner add bravo.example --as alpha.example --url https://HOST/acm/v1/bravo/user-setups",
       {system},
       {{"--as", "Our MC system ID as it knows us"},
        {"--url", "Its ACM API"},
        {"--ca", "Trust in its TLS certificate", OptionKind::Value, {}, true},
        {"--certificate", "Ours, for the connection", OptionKind::Value, {}, true},
        {"--key", "The private key of it", OptionKind::Value, {}, true},
        {"--peer-certificate", "The certificate with which it comes to us", OptionKind::Value, {}, true},
        {"--idms", "Its identity server among our partners (see: partner list)"},
        domain,
        {"--service",
         "Its users get an identity for it when they name none",
         OptionKind::List,
         {"mcptt", "mcvideo", "mcdata"}},
        {"--quota", "Of its users here, 100000 unless given"},
        {"--manual", "Somebody approves what it asks for", OptionKind::Flag},
        {"--wants-acmc", "Tell it the Home ACMC ID", OptionKind::Flag}},
       partner_add},
      {"acm partner remove",
       "Exchange users with a system no more",
       "clavigerctl acm partner remove bravo.example --yes",
       {system},
       {{"--yes", "Do not ask", OptionKind::Flag}},
       partner_remove},
      {"acm setup",
       "Ask partners to set users up",
       "clavigerctl acm setup sip:ann@alpha.example --client sip:chief.mcptt@alpha.example --target bravo.example",
       {{"MC_ID", "Users of ours", false, {}, false, true}},
       {{"--client", "The ACM client that asks"},
        {"--target", "The MC system that is asked", OptionKind::List},
        {"--users-from",
         "Users, a line each: an MC ID or an object with mc_id, mc_service_ids",
         OptionKind::Value,
         {},
         true},
        {"--from", "From when on, as 2026-01-31T00:00:00Z"},
        {"--until", "Until when"},
        {"--all-or-nothing", "Set up all of them or nobody", OptionKind::Flag},
        {"--key", "The same again does nothing a second time"}},
       setup},
      {"acm list",
       "What was asked",
       "clavigerctl acm list --inbound",
       {},
       {{"--inbound", "By partners, of us", OptionKind::Flag}},
       list},
      {"acm status",
       "How a request stands, system by system",
       "clavigerctl acm status REQUEST --users",
       {request},
       {{"--users", "User by user", OptionKind::Flag}},
       status},
      {"acm withdraw",
       "Take a request back and undo what it set up",
       "clavigerctl acm withdraw REQUEST --yes",
       {request},
       {{"--yes", "Do not ask", OptionKind::Flag}},
       withdraw},
      {"acm approve",
       "Do what a partner asks for",
       "clavigerctl acm approve alpha.example REQUEST",
       {system, request},
       {},
       approve},
      {"acm reject",
       "Do not what a partner asks for",
       "clavigerctl acm reject alpha.example REQUEST --yes",
       {system, request},
       {{"--yes", "Do not ask", OptionKind::Flag}},
       reject},
  };
}

}  // namespace claviger::ctl
