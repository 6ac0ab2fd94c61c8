#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/request_body.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

using Json = codec::JsonWriter<std::string>;

const std::vector<Column>& core_columns() {
  static const std::vector<Column> kColumns{{"issuer", "issuer"},
                                            {"AEF", "aef_id"},
                                            {"assigned AEF", "assigned_aef_id"},
                                            {"services for all", "val_services"},
                                            {"keys", "kids"},
                                            {"its certificate", "core_name"},
                                            {"wants certificates", "requires_certificate", Show::YesNo},
                                            {"their CA named", "has_invoker_ca", Show::YesNo},
                                            {"API root", "url"},
                                            {"state", "state"},
                                            {"provider", "provider_id"},
                                            {"API", "service_api_id"},
                                            {"logs calls", "logs_invocations", Show::YesNo},
                                            {"asks of invokers", "looks_up_invokers", Show::YesNo},
                                            {"its access policies", "access_policies"},
                                            {"invokers with one", "policies"},
                                            {"fetched", "policies_at", Show::Time},
                                            {"subscription", "subscription"},
                                            {"policies not fetched", "policy_error"},
                                            {"calls logged", "logs_sent"},
                                            {"calls waiting", "logs_queued"},
                                            {"calls dropped", "logs_dropped"},
                                            {"last error", "last_error"},
                                            {"since", "created_at", Show::Time}};
  return kColumns;
}
const std::vector<Column>& invoker_columns() {
  static const std::vector<Column> kColumns{{"INVOKER", "invoker"},
                                            {"SERVICES", "val_services"},
                                            {"CALLS", "invocations"},
                                            {"REVOKED", "revoked", Show::YesNo},
                                            {"SINCE", "revoked_at", Show::Time},
                                            {"CAUSE", "cause"}};
  return kColumns;
}

void add_services(Json& json, const Arguments& args) {
  json.name("val_services").begin_array();
  for (const std::string& service : args.list("--val-service")) json.value(service);
  json.end_array();
}

ExitStatus status(Invocation& invocation) {
  const auto target = invocation.tenant_target("/capif");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  return answer.is_ok() ? print_object(invocation, answer.body, core_columns()) : answer.status;
}

ExitStatus set(Invocation& invocation) {
  RequestBody body(invocation);
  Json& json = body.json();
  json.begin_object();
  for (const auto& [option, member] :
       {std::pair{"--issuer", "issuer"}, std::pair{"--aef-id", "aef_id"}, std::pair{"--core-name", "core_name"},
        std::pair{"--url", "url"}, std::pair{"--access-policies", "access_policies"}}) {
    if (invocation.args.has(option)) json.member(member, invocation.args.get(option));
  }
  add_services(json, invocation.args);
  if (invocation.args.has("--require-certificate")) json.member("requires_certificate", true);
  if (invocation.args.has("--log")) json.member("logs_invocations", true);
  if (invocation.args.has("--look-up-invokers")) json.member("looks_up_invokers", true);
  if (!body.add_file("--jwks", "jwks") || !body.add_file("--ca", "ca_pem") ||
      !body.add_file("--invoker-ca", "invoker_ca_pem") || !body.add_secret("--enrolment-stdin", "enrolment")) {
    return ExitStatus::Usage;
  }
  json.end_object();
  const auto target = invocation.tenant_target("/capif");
  if (!target) return ExitStatus::Failed;
  const auto present = invocation.client().ask("GET", *target, {}, "application/json");
  if (present && present->status == 200 &&
      !invocation.is_confirmed("Replace the CAPIF core function that is there (clavigerctl capif status)?")) {
    return ExitStatus::Failed;
  }
  const auto answer = invocation.ask("PUT", *target, body.text());
  return answer.is_ok() ? print_object(invocation, answer.body, core_columns()) : answer.status;
}

ExitStatus remove(Invocation& invocation) {
  if (!invocation.is_confirmed("Take no tokens of the CAPIF core function any more?")) return ExitStatus::Failed;
  const auto target = invocation.tenant_target("/capif");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json("{}");
  return answer.status;
}

ExitStatus list_invokers(Invocation& invocation) {
  const auto target = invocation.tenant_target("/capif/invokers");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target, invoker_columns(), 0);
}

// The core function's tokens name invokers, so that one may be refused before he ever came: a typing error looks the same.
void note_unseen(Invocation& invocation, const std::string& body) {
  codec::JsonReader reader;
  const auto value = reader.parse(body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!object || object->at("invocations") || object->at("allowed_at")) return;
  invocation.complain(
      "note: no invoker of this name ever came or was allowed anything here; he is refused if he comes");
}

ExitStatus change_invoker(Invocation& invocation, std::string_view verb, bool gives_services) {
  std::string body;
  Json json(body);
  json.begin_object().member("invoker", invocation.args.get("INVOKER"));
  if (gives_services) add_services(json, invocation.args);
  json.end_object();
  const auto target = invocation.tenant_target("/capif/invokers" + std::string(verb));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target, body);
  if (!answer.is_ok()) return answer.status;
  if (!gives_services) note_unseen(invocation, answer.body);
  return print_object(invocation, answer.body, invoker_columns());
}
ExitStatus allow(Invocation& invocation) { return change_invoker(invocation, "", true); }
ExitStatus revoke(Invocation& invocation) {
  const std::string invoker(invocation.args.get("INVOKER"));
  if (!invocation.is_confirmed("Refuse every token that API invoker " + invoker + " has?")) return ExitStatus::Failed;
  return change_invoker(invocation, "/revoke", false);
}

}  // namespace

std::vector<Command> capif_commands() {
  const Operand invoker{"INVOKER", "The API invoker's ID"};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  return {
      {"capif status",
       "The CAPIF core function, and what we have to do with it",
       "clavigerctl capif status",
       {},
       {},
       status},
      {"capif set",
       "Take the tokens of a CAPIF core function",
       "clavigerctl capif set --issuer ccf.example --jwks ccf.json --aef-id AEF-1",
       {},
       {{"--issuer", "The core function's name, iss of its tokens"},
        {"--jwks", "Its keys", OptionKind::Value, {}, true},
        {"--aef-id", "What it calls us in the scopes of tokens"},
        {"--val-service", "Keys of this VAL service are for every invoker it authorises", OptionKind::List},
        {"--core-name", "Name in its certificate when it revokes an invoker"},
        {"--require-certificate", "Invokers show a certificate of theirs", OptionKind::Flag},
        {"--url", "Its API root: we register and publish there"},
        {"--ca",
         "The CA of its TLS certificates, --core-name's too (PEM); else the system's",
         OptionKind::Value,
         {},
         true},
        {"--invoker-ca",
         "The CA of API invokers' certificates (PEM); else any that the listener trusts",
         OptionKind::Value,
         {},
         true},
        {"--enrolment-stdin", "Read the token for its APIs from standard input", OptionKind::Flag},
        {"--log", "Send it the log of invocations", OptionKind::Flag},
        yes,
        {"--look-up-invokers", "Ask it about each API invoker before he gets anything", OptionKind::Flag},
        {"--access-policies",
         "Hold invokers to its access control policy; whoever has none, or while none is known: served, or refused",
         OptionKind::Value,
         {"ignored", "lenient", "strict"}}},
       set},
      {"capif remove", "Have nothing to do with it any more", "clavigerctl capif remove --yes", {}, {yes}, remove},
      {"capif invoker list",
       "API invokers that were given or lost something",
       "clavigerctl capif invoker list",
       {},
       {},
       list_invokers},
      {"capif invoker allow",
       "Give an API invoker the keys of VAL services; lifts a revocation",
       "clavigerctl capif invoker allow INVOKER --val-service v2x",
       {invoker},
       {{"--val-service", "The services, in place of those before", OptionKind::List}},
       allow},
      {"capif invoker revoke",
       "Refuse all tokens that an API invoker has",
       "clavigerctl capif invoker revoke INVOKER --yes",
       {invoker},
       {yes},
       revoke},
  };
}

}  // namespace claviger::ctl
