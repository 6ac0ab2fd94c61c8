#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

std::string target_of(Invocation& invocation, std::string_view verb = {}) {
  return "/admin/v1/tenants/" + path_segment(invocation.args.get("NAME")) + std::string(verb);
}

const std::vector<Column>& tenant_columns() {
  static const std::vector<Column> kColumns{{"name", "name"},
                                            {"display name", "display_name"},
                                            {"issuer", "issuer"},
                                            {"enabled", "enabled", Show::YesNo},
                                            {"algorithm", "algorithm"},
                                            {"default audience", "default_audience"},
                                            {"scopes", "scope_audiences"}};
  return kColumns;
}

ExitStatus add(Invocation& invocation) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("name", invocation.args.get("NAME"));
  for (const auto& [option, member] : {std::pair{"--display-name", "display_name"}, std::pair{"--issuer", "issuer"},
                                       std::pair{"--algorithm", "algorithm"},
                                       std::pair{"--default-audience", "default_audience"}}) {
    if (invocation.args.has(option)) json.member(member, invocation.args.get(option));
  }
  json.end_object();
  const auto answer = invocation.ask("POST", "/admin/v1/tenants", body);
  return answer.is_ok() ? print_object(invocation, answer.body, tenant_columns()) : answer.status;
}

ExitStatus list(Invocation& invocation) {
  return print_all_pages(invocation, "/admin/v1/tenants",
                         {{"NAME", "name"}, {"ENABLED", "enabled", Show::YesNo}, {"ALGORITHM", "algorithm"}, {"ISSUER", "issuer"}},
                         0);
}

ExitStatus show(Invocation& invocation) {
  const auto answer = invocation.ask("GET", target_of(invocation));
  return answer.is_ok() ? print_object(invocation, answer.body, tenant_columns()) : answer.status;
}

ExitStatus enable(Invocation& invocation) {
  const auto answer = invocation.ask("POST", target_of(invocation, "/enable"));
  return answer.is_ok() ? print_object(invocation, answer.body, tenant_columns()) : answer.status;
}

ExitStatus disable(Invocation& invocation) {
  const std::string name(invocation.args.get("NAME"));
  if (!invocation.is_confirmed("Disable tenant " + name + "? All its tokens stop being valid here.")) {
    return ExitStatus::Failed;
  }
  const auto answer = invocation.ask("POST", target_of(invocation, "/disable"));
  return answer.is_ok() ? print_object(invocation, answer.body, tenant_columns()) : answer.status;
}

ExitStatus show_domains(Invocation& invocation, const Invocation::Answer& answer) {
  if (!answer.is_ok()) return answer.status;
  return print_page(invocation, answer.body, {{"DOMAIN", "domain"}});
}

ExitStatus list_domains(Invocation& invocation) {
  return show_domains(invocation, invocation.ask("GET", target_of(invocation, "/domains")));
}

std::string domain_target(Invocation& invocation) {
  return target_of(invocation, "/domains/" + path_segment(invocation.args.get("DOMAIN")));
}

ExitStatus add_domain(Invocation& invocation) {
  return show_domains(invocation, invocation.ask("PUT", domain_target(invocation)));
}

ExitStatus remove_domain(Invocation& invocation) {
  const std::string domain(invocation.args.get("DOMAIN"));
  if (!invocation.is_confirmed("Give no more names in " + domain + "? Without any domain names may lie anywhere.")) {
    return ExitStatus::Failed;
  }
  return show_domains(invocation, invocation.ask("DELETE", domain_target(invocation)));
}

}  // namespace

std::vector<Command> tenant_commands() {
  const Operand name{"NAME", "a-z, 0-9 and '-', at most 32; it stands in the issuer"};
  const Operand domain{"DOMAIN", "A DNS name in lower case"};
  return {
      {"tenant add", "Add a tenant with its first signing keys",
       "clavigerctl tenant add alpha --display-name \"Alpha County\"",
       {name},
       {{"--display-name", "What the login page calls it"},
        {"--issuer", "The exact issuer; usually made from public_origin"},
        {"--algorithm", "How its tokens are signed", OptionKind::Value, {"ES256", "EdDSA", "RS256"}},
        {"--default-audience", "aud of tokens whose scopes name no resource server"}},
       add},
      {"tenant list", "All tenants", "clavigerctl tenant list", {}, {}, list},
      {"tenant show", "One tenant", "clavigerctl tenant show alpha", {name}, {}, show},
      {"tenant enable", "Serve a disabled tenant again, with the sessions and tokens that have not ended",
       "clavigerctl tenant enable alpha", {name}, {}, enable},
      {"tenant disable", "Stop serving a tenant: its tokens are refused until it is enabled",
       "clavigerctl tenant disable alpha --yes", {name},
       {{"--yes", "Do not ask", OptionKind::Flag}}, disable},
      {"tenant domain add", "A domain in which the users' MC IDs, MC service IDs and login names with '@' lie",
       "clavigerctl tenant domain add alpha alpha.example", {name, domain}, {}, add_domain},
      {"tenant domain list", "The tenant's domains; none: names may lie anywhere", "clavigerctl tenant domain list alpha",
       {name}, {}, list_domains},
      {"tenant domain remove", "Give no more names in a domain; those that were given stay",
       "clavigerctl tenant domain remove alpha alpha.example --yes", {name, domain},
       {{"--yes", "Do not ask", OptionKind::Flag}}, remove_domain},
  };
}

}  // namespace claviger::ctl
