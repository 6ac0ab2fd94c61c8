#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/request_body.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

using Json = codec::JsonWriter<std::string>;

const std::vector<Column>& domain_columns() {
  static const std::vector<Column> kColumns{{"KMS URI", "kms_uri"},
                                            {"generation", "generation"},
                                            {"state", "state"},
                                            {"certificate", "cert_uri"},
                                            {"secrets are here", "has_secrets", Show::YesNo},
                                            {"issuer", "issuer"},
                                            {"key period", "period", Show::Duration},
                                            {"period offset", "offset"},
                                            {"valid from", "valid_from", Show::Time},
                                            {"valid to", "valid_to", Show::Time},
                                            {"cache number", "cache_number"},
                                            {"fingerprint", "fingerprint"},
                                            {"domains", "domains"},
                                            {"scopes", "scopes"},
                                            {"requests signed", "needs_signature", Show::YesNo},
                                            {"keys wrapped", "needs_transport_key", Show::YesNo},
                                            {"TrK wrap", "trk_wrap"},
                                            {"CipherValue", "trk_cipher_value"},
                                            {"UserID", "uid_text"},
                                            {"UID in crypto", "uid_in_crypto"},
                                            {"lenient time", "lenient_time", Show::YesNo},
                                            {"periods retained", "retained_periods"},
                                            {"next keys in last percent", "early_percent"},
                                            {"created", "created_at", Show::Time},
                                            {"changed", "changed_at", Show::Time}};
  return kColumns;
}

const std::vector<Column>& user_columns() {
  static const std::vector<Column> kColumns{{"user", "user_uri"},
                                            {"revoked", "revoked", Show::YesNo},
                                            {"since", "revoked_at", Show::Time},
                                            {"reason", "reason"},
                                            {"may migrate to", "migration_kms"},
                                            {"external KMSs", "external_kms"},
                                            {"client with its keys", "client_id"}};
  return kColumns;
}

ExitStatus ask_and_show(Invocation& invocation, std::string_view method, const std::string& path, std::string_view body,
                        const std::vector<Column>& columns) {
  const auto target = invocation.tenant_target(path);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask(method, *target, body);
  return answer.is_ok() ? print_object(invocation, answer.body, columns) : answer.status;
}

// False: said why not.
bool add_policy(RequestBody& body, const Arguments& args) {
  Json& json = body.json();
  body.add_list("--scope", "scopes");
  body.add_list("--domain", "domains");
  for (const auto& [option, member] :
       {std::pair{"--require-signature", "needs_signature"},
        std::pair{"--require-transport-key", "needs_transport_key"}, std::pair{"--lenient-time", "lenient_time"}}) {
    if (args.has(option)) json.member(member, args.get(option) == "yes");
  }
  for (const auto& [option, member] :
       {std::pair{"--trk-wrap", "trk_wrap"}, std::pair{"--trk-cipher-value", "trk_cipher_value"},
        std::pair{"--uid-text", "uid_text"}, std::pair{"--uid-in-crypto", "uid_in_crypto"}}) {
    if (args.has(option)) json.member(member, args.get(option));
  }
  return body.add_number("--retained-periods", "retained_periods") &&
         body.add_number("--early-percent", "early_percent");
}

// The first line of each file: the domain's secrets.
bool add_shares(RequestBody& body, Invocation& invocation) {
  if (!invocation.args.has("--share")) return true;
  body.json().name("shares").begin_array();
  for (const std::string& name : invocation.args.list("--share")) {
    std::string text = read_file(name, RequestBody::kFileBytesMax);
    const WipedAtEnd wiped(text);
    const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
    if (line.empty()) {
      invocation.complain("--share " + name + ": the file cannot be read, or is empty");
      return false;
    }
    body.json().value(line);
  }
  body.json().end_array();
  return true;
}

ExitStatus export_shares(Invocation& invocation) {
  if (!invocation.is_confirmed(
          "Show the domain's secrets in shares? Whoever has enough of them has every user's keys.")) {
    return ExitStatus::Failed;
  }
  RequestBody body(invocation);
  body.json().begin_object();
  if (!body.add_number("--shares", "shares") || !body.add_number("--threshold", "threshold")) return ExitStatus::Usage;
  body.json().end_object();
  const auto target = invocation.tenant_target("/kms/shares");
  if (!target) return ExitStatus::Failed;
  auto answer = invocation.ask("POST", *target, body.text());
  const WipedAtEnd wiped(answer.body);
  return answer.is_ok() ? print_page(invocation, answer.body, {{"SHARE", "share"}}) : answer.status;
}

ExitStatus init(Invocation& invocation) {
  RequestBody body(invocation);
  body.json().begin_object().member("uri", invocation.args.get("--uri"));
  for (const auto& [option, member] : {std::pair{"--cert-uri", "cert_uri"}, std::pair{"--issuer", "issuer"}}) {
    if (invocation.args.has(option)) body.json().member(member, invocation.args.get(option));
  }
  if (!body.add_number("--period", "period") || !body.add_number("--offset", "offset") ||
      !add_policy(body, invocation.args) || !add_shares(body, invocation) ||
      !body.add_secret("--secrets-stdin", "secrets")) {
    return ExitStatus::Usage;
  }
  body.json().end_object();
  return ask_and_show(invocation, "POST", "/kms", body.text(), domain_columns());
}

ExitStatus set(Invocation& invocation) {
  RequestBody body(invocation);
  body.json().begin_object();
  if (!add_policy(body, invocation.args)) return ExitStatus::Usage;
  body.json().end_object();
  return ask_and_show(invocation, "PATCH", "/kms", body.text(), domain_columns());
}

ExitStatus show(Invocation& invocation) { return ask_and_show(invocation, "GET", "/kms", {}, domain_columns()); }

ExitStatus list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/kms/generations");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target,
                         {{"GENERATION", "generation"},
                          {"STATE", "state"},
                          {"KMS URI", "kms_uri"},
                          {"CERTIFICATE", "cert_uri"},
                          {"VALID FROM", "valid_from", Show::Time},
                          {"CACHE NUMBER", "cache_number"}},
                         0);
}

ExitStatus rotate(Invocation& invocation) {
  const bool is_compromised = invocation.args.has("--compromised");
  const char* question = is_compromised
                             ? "Make new secrets and revoke the present ones? Nothing they made is given any more."
                             : "Make new secrets? Every user needs new keys, and everybody the new certificate.";
  if (!invocation.is_confirmed(question)) return ExitStatus::Failed;
  const std::string_view body = is_compromised ? "{\"compromised\":true}" : "{}";
  const ExitStatus done = ask_and_show(invocation, "POST", "/kms/rotate", body, domain_columns());
  if (done == ExitStatus::Ok && is_compromised) {
    invocation.complain(
        "now tell the operators of all partner systems: clavigerctl kms peer fetch PEER, compare the fingerprint with "
        "you, "
        "kms admit FINGERPRINT; until then they go on with the revoked certificate. Your own users get new keys when "
        "their "
        "UEs ask next (claviger-ue keys)");
  }
  return done;
}

std::string user_path(const Invocation& invocation, std::string_view verb = {}) {
  return "/kms/users/" + path_segment(invocation.args.get("URI")) + std::string(verb);
}

ExitStatus revoke(Invocation& invocation) {
  if (!invocation.args.has("URI")) {
    if (!invocation.args.has("--domain-certificate")) {
      invocation.complain("say which user's keys, or --domain-certificate");
      return ExitStatus::Usage;
    }
    if (!invocation.is_confirmed("Revoke the domain's certificate? Nobody gets keys until a rotation.")) {
      return ExitStatus::Failed;
    }
    return ask_and_show(invocation, "POST", "/kms/revoke", "{}", domain_columns());
  }
  if (!invocation.is_confirmed("Give " + std::string(invocation.args.get("URI")) + " no keys any more?")) {
    return ExitStatus::Failed;
  }
  std::string body;
  Json json(body);
  json.begin_object().member("reason", invocation.args.get("--reason")).end_object();
  return ask_and_show(invocation, "POST", user_path(invocation, "/revoke"), body, user_columns());
}

ExitStatus restore(Invocation& invocation) {
  return ask_and_show(invocation, "POST", user_path(invocation, "/restore"), "{}", user_columns());
}

ExitStatus show_user(Invocation& invocation) {
  return ask_and_show(invocation, "GET", user_path(invocation), {}, user_columns());
}

// What is not said stays as it is.
ExitStatus set_user(Invocation& invocation) {
  RequestBody body(invocation);
  body.json().begin_object();
  body.add_list("--migration-kms", "migration_kms");
  body.add_list("--external-kms", "external_kms");
  if (invocation.args.has("--client")) body.json().member("client_id", invocation.args.get("--client"));
  body.json().end_object();
  return ask_and_show(invocation, "PATCH", user_path(invocation), body.text(), user_columns());
}

ExitStatus export_certificate(Invocation& invocation) {
  const auto target = invocation.tenant_target("/kms/certificate");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  if (!answer.is_ok()) return answer.status;
  if (invocation.args.wants_json) {
    invocation.print_json(answer.body);
    return ExitStatus::Ok;
  }
  codec::JsonReader reader;
  const auto value = reader.parse(answer.body);
  const std::string text = value && value->as_object() ? text_of(*value->as_object(), "xml") : std::string();
  if (text.empty()) {
    invocation.complain("the daemon's answer has no certificate");
    return ExitStatus::Failed;
  }
  invocation.print(text + "\n");
  return ExitStatus::Ok;
}

const std::vector<Column>& transport_key_columns() {
  static const std::vector<Column> kColumns{{"ID", "id"},
                                            {"KIND", "kind"},
                                            {"STATE", "state"},
                                            {"DEVICE", "device_id"},
                                            {"CREATED", "created_at", Show::Time},
                                            {"KEY", "key"}};
  return kColumns;
}

ExitStatus add_transport_key(Invocation& invocation) {
  RequestBody body(invocation);
  Json& json = body.json();
  json.begin_object().member("kind", invocation.args.get("--kind"));
  for (const auto& [option, member] : {std::pair{"--id", "id"}, std::pair{"--device", "device_id"}}) {
    if (invocation.args.has(option)) json.member(member, invocation.args.get(option));
  }
  if (invocation.args.has("--offered")) json.member("offered", true);
  if (!body.add_secret("--key-stdin", "key")) return ExitStatus::Usage;
  json.end_object();
  const auto target = invocation.tenant_target(user_path(invocation, "/transport-keys"));
  if (!target) return ExitStatus::Failed;
  auto answer = invocation.ask("POST", *target, body.text());
  const WipedAtEnd wiped(answer.body);
  return answer.is_ok() ? print_object(invocation, answer.body, transport_key_columns()) : answer.status;
}

ExitStatus list_transport_keys(Invocation& invocation) {
  const auto target = invocation.tenant_target(user_path(invocation, "/transport-keys"));
  if (!target) return ExitStatus::Failed;
  std::vector<Column> columns = transport_key_columns();
  columns.pop_back();
  return print_all_pages(invocation, *target, columns, 0);
}

ExitStatus remove_transport_key(Invocation& invocation) {
  const std::string id(invocation.args.get("ID"));
  if (!invocation.is_confirmed("Remove " + id + "? What is signed or wrapped with it is refused."))
    return ExitStatus::Failed;
  const auto target = invocation.tenant_target(user_path(invocation, "/transport-keys/" + path_segment(id)));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json("{}");
  return answer.status;
}

const std::vector<Column>& job_columns() {
  static const std::vector<Column> kColumns{{"generation", "generation"},
                                            {"period", "period"},
                                            {"keys made", "done"},
                                            {"keys that were there", "present"},
                                            {"running", "running", Show::YesNo},
                                            {"begun", "started_at", Show::Time},
                                            {"finished", "finished_at", Show::Time}};
  return kColumns;
}

ExitStatus pre_issue(Invocation& invocation) {
  return ask_and_show(invocation, "POST", "/kms/pre-issue", "{}", job_columns());
}
ExitStatus status(Invocation& invocation) {
  return ask_and_show(invocation, "GET", "/kms/pre-issue", {}, job_columns());
}

ExitStatus list_reports(Invocation& invocation) {
  const auto target = invocation.tenant_target("/kms/reports");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(
      invocation, *target,
      {{"RECEIVED", "received_at", Show::Time}, {"FROM", "user_uri"}, {"SIGNER", "signer"}, {"RESPONSE", "xml"}}, 100);
}

std::vector<Option> policy_options() {
  return {
      {"--scope", "A token must have one of these", OptionKind::List},
      {"--domain", "A domain it serves, as its certificate says", OptionKind::List},
      {"--require-signature", "Refuse requests that are not signed", OptionKind::Value, {"yes", "no"}},
      {"--require-transport-key", "Give keys under a transport key only", OptionKind::Value, {"yes", "no"}},
      {"--trk-wrap", "How 257 and 65 octets go under a TrK", OptionKind::Value, {"pad", "strip04", "pad11"}},
      {"--trk-cipher-value", "How wrapped keys are written", OptionKind::Value, {"base64", "hex"}},
      {"--uid-text", "How UserID is written", OptionKind::Value, {"hex", "base64"}},
      {"--uid-in-crypto", "What the arithmetic takes for the identifier", OptionKind::Value, {"raw", "hextext"}},
      {"--lenient-time", "Do not compare the Time of unsigned requests with ours", OptionKind::Value, {"yes", "no"}},
      {"--retained-periods", "Former periods whose keys are still given"},
      {"--early-percent", "The last part of a period in which the next keys come along"}};
}

std::vector<Option> with_policy(std::vector<Option> options) {
  for (Option& option : policy_options()) options.push_back(std::move(option));
  return options;
}

}  // namespace

std::vector<Command> kms_commands() {
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  const Operand uri{"URI", "The user's MC service ID (MCPTT, MCVideo or MCData ID), not his MC ID or login"};
  return {
      {"kms init",
       "Make the KMS of a tenant: a domain with secrets of its own",
       "clavigerctl kms init --uri kms.alpha.example --period 2592000",
       {},
       with_policy(
           {{"--uri", "The KMS URI: in every UID, byte for byte"},
            {"--cert-uri", "The certificate's name; made unless given"},
            {"--issuer", "Issuer of the certificate"},
            {"--period", "Seconds of a key period; 30 days unless given"},
            {"--offset", "Seconds from 1900 on at which the first begins"},
            {"--share",
             "A file with a share of the secrets of a domain that is brought along",
             OptionKind::List,
             {},
             true},
            {"--secrets-stdin",
             "Read the secrets of another KMS's domain from standard input: z_T and KSAK, hexadecimal, one line",
             OptionKind::Flag}}),
       init},
      {"kms show", "The present domain", "clavigerctl kms show", {}, {}, show},
      {"kms list", "The domain and its former generations", "clavigerctl kms list", {}, {}, list},
      {"kms set", "Change the policy", "clavigerctl kms set --require-signature yes", {}, policy_options(), set},
      {"kms rotate",
       "New secrets and a new certificate for the domain",
       "clavigerctl kms rotate --yes",
       {},
       {{"--compromised", "Somebody has the present ones: revoke them", OptionKind::Flag}, yes},
       rotate},
      {"kms revoke",
       "Give a user no keys any more, or revoke the domain's certificate",
       "clavigerctl kms revoke sip:ann@alpha.example --reason lost --yes",
       {{"URI", "The user's MC service ID (MCPTT, MCVideo or MCData ID), not his MC ID or login", false}},
       {{"--reason", "Why; for operators"}, {"--domain-certificate", "The domain itself", OptionKind::Flag}, yes},
       revoke},
      {"kms export-shares",
       "The domain's secrets in shares, of which some bring them back",
       "clavigerctl kms export-shares --shares 5 --threshold 3 --yes",
       {},
       {{"--shares", "How many shares, 32 at most"}, {"--threshold", "How many of them are needed"}, yes},
       export_shares},
      {"kms export-certificate",
       "The domain's certificate as clients get it",
       "clavigerctl kms export-certificate > kms.xml",
       {},
       {},
       export_certificate},
      {"kms transport-key add",
       "Give a user a transport (TrK) or integrity key (InK): shown once",
       "clavigerctl kms transport-key add sip:ann@alpha.example --kind ink",
       {uri},
       {{"--kind", "What it is for", OptionKind::Value, {"trk", "ink"}},
        {"--id", "Its id; made unless given"},
        {"--device", "DeviceId of the one client that may use it"},
        {"--key-stdin", "Read it from standard input: 64 hex digits; drawn unless given", OptionKind::Flag},
        {"--offered", "Hand it out under the present TrK; it replaces its kind when first used", OptionKind::Flag}},
       add_transport_key},
      {"kms transport-key list",
       "A user's transport and integrity keys",
       "clavigerctl kms transport-key list sip:ann@alpha.example",
       {uri},
       {},
       list_transport_keys},
      {"kms transport-key remove",
       "Take a key out of use",
       "clavigerctl kms transport-key remove sip:ann@alpha.example ID --yes",
       {uri, {"ID", "The key's id"}},
       {yes},
       remove_transport_key},
      {"kms pre-issue", "Make the next period's keys of all users now", "clavigerctl kms pre-issue", {}, {}, pre_issue},
      {"kms status", "How far the pre-issue is", "clavigerctl kms status", {}, {}, status},
      {"kms reports", "Redirect responses that clients uploaded", "clavigerctl kms reports", {}, {}, list_reports},
      {"kms restore", "Give a user keys again", "clavigerctl kms restore sip:ann@alpha.example", {uri}, {}, restore},
      {"kms user show",
       "What was said of a user",
       "clavigerctl kms user show sip:ann@alpha.example",
       {uri},
       {},
       show_user},
      {"kms user set",
       "Which other KMSs a user may have; whose a server identity is; what is not said stays",
       "clavigerctl kms user set sip:ann@alpha.example --migration-kms kms.bravo.example",
       {uri},
       {{"--migration-kms", "A KMS he may migrate to, in order of preference, all of them; \"\": none",
         OptionKind::List},
        {"--external-kms", "A KMS whose users he may talk to, all of them; \"\": none", OptionKind::List},
        {"--client", "Of a server's identity: the client that gets its keys, with a token of its own; \"\": none"}},
       set_user},
  };
}

}  // namespace claviger::ctl
