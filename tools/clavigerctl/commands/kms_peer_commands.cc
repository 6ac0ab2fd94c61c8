#include "tools/clavigerctl/commands/kms_peer_commands.h"

#include <fstream>
#include <iterator>

#include "core/codec/json_writer.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

using Json = codec::JsonWriter<std::string>;

// Chains and key sets are smaller, so is a KMS certificate with 64 domains.
constexpr std::size_t kFileBytesMax = 128 * 1024;

const std::vector<Column>& peer_columns() {
  static const std::vector<Column> kColumns{{"KMS URI", "kms_uri"}, {"URL", "url"},
                                            {"NAME", "name"},       {"SHARED", "shared"},
                                            {"HELD THERE", "held"}, {"SINCE", "created_at", Show::Time}};
  return kColumns;
}

const std::vector<Column>& certificate_columns() {
  static const std::vector<Column> kColumns{{"KMS URI", "kms_uri"},
                                            {"CERTIFICATE", "cert_uri"},
                                            {"STATE", "state"},
                                            {"FINGERPRINT", "fingerprint"},
                                            {"SIGNER", "signer"},
                                            {"DOMAINS", "domains"},
                                            {"VALID TO", "valid_to", Show::Time}};
  return kColumns;
}

bool add_file(Json& json, Invocation& invocation, std::string_view name, std::string_view member) {
  std::ifstream file{std::string(invocation.args.get(name)), std::ios::binary};
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.empty() || text.size() > kFileBytesMax) {
    invocation.complain(std::string(name) + ": the file cannot be read, is empty or larger than 128 KiB");
    return false;
  }
  json.member(member, text);
  return true;
}

void add_list(Json& json, const Arguments& args, std::string_view option, std::string_view member) {
  json.name(member).begin_array();
  for (const std::string& value : args.list(option)) {
    if (!value.empty()) json.value(value);
  }
  json.end_array();
}

ExitStatus ask_and_print(Invocation& invocation, std::string_view method, const std::string& path,
                         std::string_view body, const std::vector<Column>& columns, bool is_page) {
  const auto target = invocation.tenant_target(path);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask(method, *target, body);
  if (!answer.is_ok()) return answer.status;
  return is_page ? print_page(invocation, answer.body, columns) : print_object(invocation, answer.body, columns);
}

ExitStatus set_identity(Invocation& invocation) {
  std::string body;
  Json json(body);
  json.begin_object();
  if (!add_file(json, invocation, "--certificate", "chain_pem") || !add_file(json, invocation, "--key", "key_pem")) {
    return ExitStatus::Usage;
  }
  json.end_object();
  return ask_and_print(invocation, "PUT", "/kms/identity", body, {{"changed", "changed_at", Show::Time}}, false);
}

std::string peer_path(const Invocation& invocation) {
  return "/kms/peers/" + path_segment(invocation.args.get("KMS-URI"));
}
std::string certificate_path(const Invocation& invocation) {
  return "/kms/certificates/" + path_segment(invocation.args.get("FINGERPRINT"));
}

ExitStatus set_peer(Invocation& invocation) {
  std::string body;
  Json json(body);
  json.begin_object();
  if (invocation.args.has("--url")) json.member("url", invocation.args.get("--url"));
  if (invocation.args.has("--name")) json.member("name", invocation.args.get("--name"));
  if (invocation.args.has("--ca") && !add_file(json, invocation, "--ca", "ca_pem")) return ExitStatus::Usage;
  if (invocation.args.has("--share")) add_list(json, invocation.args, "--share", "shared");
  if (invocation.args.has("--held")) add_list(json, invocation.args, "--held", "held");
  json.end_object();
  return ask_and_print(invocation, "PUT", peer_path(invocation), body, peer_columns(), false);
}

ExitStatus list_peers(Invocation& invocation) {
  return ask_and_print(invocation, "GET", "/kms/peers", {}, peer_columns(), true);
}

ExitStatus remove_peer(Invocation& invocation) {
  if (!invocation.is_confirmed("Remove the peer? Its admitted certificates stay until they are revoked.")) {
    return ExitStatus::Failed;
  }
  const auto target = invocation.tenant_target(peer_path(invocation));
  return target ? invocation.ask("DELETE", *target).status : ExitStatus::Failed;
}

ExitStatus fetch(Invocation& invocation) {
  return ask_and_print(invocation, "POST", peer_path(invocation) + "/fetch", "{}", certificate_columns(), true);
}

ExitStatus list_certificates(Invocation& invocation) {
  return ask_and_print(invocation, "GET", "/kms/certificates", {}, certificate_columns(), true);
}

ExitStatus import_certificate(Invocation& invocation) {
  std::string body;
  Json json(body);
  json.begin_object();
  if (!add_file(json, invocation, "FILE", "xml")) return ExitStatus::Usage;
  json.end_object();
  return ask_and_print(invocation, "POST", "/kms/certificates", body, certificate_columns(), false);
}

ExitStatus admit(Invocation& invocation) {
  if (!invocation.is_confirmed(
          "Admit this certificate? Our users will encrypt under it. Did its operator read you the fingerprint?")) {
    return ExitStatus::Failed;
  }
  return ask_and_print(invocation, "POST", certificate_path(invocation) + "/admit", "{}", certificate_columns(), false);
}

ExitStatus revoke_certificate(Invocation& invocation) {
  if (!invocation.is_confirmed("Revoke this certificate for our users?")) return ExitStatus::Failed;
  return ask_and_print(invocation, "DELETE", certificate_path(invocation), {}, certificate_columns(), false);
}

const std::vector<Column>& server_columns() {
  static const std::vector<Column> kColumns{{"SERVER", "server_uri"},
                                            {"CLIENT", "client_id"},
                                            {"CERTIFICATE", "certificate_name"},
                                            {"ITS CA NAMED", "has_ca", Show::YesNo},
                                            {"SINCE", "created_at", Show::Time}};
  return kColumns;
}

std::string server_path(const Invocation& invocation) {
  return "/kms/group-servers/" + path_segment(invocation.args.get("URI"));
}

ExitStatus add_server(Invocation& invocation) {
  std::string body;
  Json json(body);
  json.begin_object().member("client_id", invocation.args.get("--client"));
  json.member("certificate_name", invocation.args.get("--certificate-name"));
  const bool names_ca = invocation.args.has("--ca");
  if (names_ca && !add_file(json, invocation, "--ca", "ca_pem")) return ExitStatus::Usage;
  json.end_object();
  return ask_and_print(invocation, "POST", server_path(invocation), body, server_columns(), false);
}

ExitStatus list_servers(Invocation& invocation) {
  return ask_and_print(invocation, "GET", "/kms/group-servers", {}, server_columns(), true);
}

ExitStatus remove_server(Invocation& invocation) {
  if (!invocation.is_confirmed("Remove the group management server? It gets no more keys.")) return ExitStatus::Failed;
  const auto target = invocation.tenant_target(server_path(invocation));
  return target ? invocation.ask("DELETE", *target).status : ExitStatus::Failed;
}

}  // namespace

std::vector<Command> kms_peer_commands() {
  const Operand uri{"KMS-URI", "Identifier of the other KMS"};
  const Operand server{"URI", "Its server identity"};
  const Operand fingerprint{"FINGERPRINT", "As `kms certificate list` has it"};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  return {
      {"kms identity set",
       "What we show other KMSs, and sign our certificate with",
       "clavigerctl kms identity set --certificate kms.pem --key kms.key",
       {},
       {{"--certificate", "Chain in PEM, ours first; key of P-256", OptionKind::Value, {}, true},
        {"--key", "Its private key in PEM", OptionKind::Value, {}, true}},
       set_identity},
      {"kms peer set",
       "Make a KMS a peer, or change what is agreed with it: what is not said stays",
       "clavigerctl kms peer set kms.bravo.example --url https://b.example/idms/v1/bravo/kms-exchange/v1 --name "
       "kms.bravo.example --ca bravo-ca.pem",
       {uri},
       {{"--url", "Of its kms-exchange/v1"},
        {"--name", "In its certificate: CN, DNS name or URI"},
        {"--ca", "The authority of its certificates (PEM)", OptionKind::Value, {}, true},
        {"--share", "A VAL service whose keys it may have of us, all of them; \"\": none", OptionKind::List},
        {"--held", "A VAL service whose keys are held there, all of them; \"\": none", OptionKind::List}},
       set_peer},
      {"kms peer list", "Peers, and what is agreed", "clavigerctl kms peer list", {}, {}, list_peers},
      {"kms peer remove",
       "End an agreement",
       "clavigerctl kms peer remove kms.bravo.example --yes",
       {uri},
       {yes},
       remove_peer},
      {"kms peer fetch",
       "First step: fetch a peer's certificate; it waits for `kms admit`",
       "clavigerctl kms peer fetch kms.bravo.example",
       {uri},
       {},
       fetch},
      {"kms certificate list",
       "Certificates of other KMSs, waiting and admitted",
       "clavigerctl kms certificate list",
       {},
       {},
       list_certificates},
      {"kms certificate import",
       "First step with a file instead of a peer",
       "clavigerctl kms certificate import bravo.xml",
       {{"FILE", "A KmsCertificate (XML), or a SignedKmsCertificate of a peer", true, {}, true}},
       {},
       import_certificate},
      {"kms certificate revoke",
       "Serve a certificate as revoked; drop one that waits",
       "clavigerctl kms certificate revoke FINGERPRINT --yes",
       {fingerprint},
       {yes},
       revoke_certificate},
      {"kms group-server add",
       "Let a group management server have its keys (SEAL-X1)",
       "clavigerctl kms group-server add sip:gms@alpha.example --client gms --certificate-name gms.alpha.example",
       {server},
       {{"--client", "Whose tokens speak for it"},
        {"--certificate-name", "In its certificate: CN, DNS name or URI"},
        {"--ca",
         "The authority of its certificates (PEM); else any that the listener trusts",
         OptionKind::Value,
         {},
         true}},
       add_server},
      {"kms group-server list", "Group management servers", "clavigerctl kms group-server list", {}, {}, list_servers},
      {"kms group-server remove",
       "Take a group management server away",
       "clavigerctl kms group-server remove sip:gms@alpha.example --yes",
       {server},
       {yes},
       remove_server},
      {"kms admit",
       "Second step: the fingerprint as the other operator read it out",
       "clavigerctl kms admit FINGERPRINT --yes",
       {fingerprint},
       {yes},
       admit},
  };
}

}  // namespace claviger::ctl
