#include "tools/clavigerctl/commands/administrator_commands.h"

#include <openssl/crypto.h>

#include <fstream>

#include "core/codec/json_writer.h"
#include "tools/clavigerctl/terminal.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

constexpr std::size_t kPemBytesMax = 32 * 1024;

// Nothing when it cannot be read.
std::optional<std::string> read_pem(Invocation& invocation, std::string_view option) {
  std::ifstream input(std::string(invocation.args.get(option)), std::ios::binary);
  std::string text(kPemBytesMax + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  const auto size = static_cast<std::size_t>(input.gcount());
  if (!input.is_open() || input.bad() || size > kPemBytesMax) {
    invocation.complain(std::string(option) + ": the file cannot be read, or has more than 32 KiB");
    return std::nullopt;
  }
  std::string kept = text.substr(0, size);
  OPENSSL_cleanse(text.data(), text.size());
  return kept;
}

const std::vector<Column>& verifier_columns() {
  static const std::vector<Column> kColumns{
      {"URL", "url"}, {"timeout in ms", "timeout_ms"}, {"MAC key", "mac", Show::YesNo}, {"certificate", "certificate"}};
  return kColumns;
}

ExitStatus show_verifier(Invocation& invocation) {
  const auto target = invocation.tenant_target("/verifier");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  return answer.is_ok() ? print_object(invocation, answer.body, verifier_columns()) : answer.status;
}

ExitStatus set_verifier(Invocation& invocation) {
  const auto target = invocation.tenant_target("/verifier");
  if (!target) return ExitStatus::Failed;
  auto present = invocation.client().ask("GET", *target);
  const bool is_there = present && present->status == 200;
  if (is_there && !invocation.is_confirmed("Replace the outside verifier that is there, with its keys?")) {
    return ExitStatus::Failed;
  }
  std::string body;
  body.reserve(8 * kPemBytesMax);  // holds a key: no growth leaves a copy behind
  codec::JsonWriter json(body);
  json.begin_object().member("url", invocation.args.get("URL"));
  for (const auto& [option, member] :
       {std::pair{"--ca", "ca"}, std::pair{"--certificate", "certificate"}, std::pair{"--key", "key"}}) {
    if (!invocation.args.has(option)) continue;
    auto pem = read_pem(invocation, option);
    if (!pem) return ExitStatus::Usage;
    json.member(member, *pem);
    OPENSSL_cleanse(pem->data(), pem->size());
  }
  if (invocation.args.has("--timeout-ms")) {
    const std::string text(invocation.args.get("--timeout-ms"));
    if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) {
      invocation.complain("--timeout-ms takes a number");
      return ExitStatus::Usage;
    }
    json.member("timeout_ms", std::stoll(text));
  }
  if (invocation.args.has("--mac-key-stdin")) {
    const auto key = read_password_from_stdin();
    if (!key) {
      invocation.complain("the key cannot be read");
      return ExitStatus::Usage;
    }
    json.member("mac_key", as_text(key->reveal()));
  }
  json.end_object();
  const auto answer = invocation.ask("PUT", *target, body);
  OPENSSL_cleanse(body.data(), body.size());
  return answer.is_ok() ? print_object(invocation, answer.body, verifier_columns()) : answer.status;
}

ExitStatus remove_verifier(Invocation& invocation) {
  if (!invocation.is_confirmed("Remove the outside verifier? Its users cannot sign in with it any more.")) {
    return ExitStatus::Failed;
  }
  const auto target = invocation.tenant_target("/verifier");
  if (!target) return ExitStatus::Failed;
  return invocation.ask("DELETE", *target).status;
}

std::optional<std::string> administrator_target(Invocation& invocation) {
  return invocation.tenant_target("/administrators/" + path_segment(invocation.args.get("UID")));
}

ExitStatus list_administrators(Invocation& invocation) {
  const auto target = invocation.tenant_target("/administrators");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  return answer.is_ok() ? print_page(invocation, answer.body, {{"UID", "uid"}}) : answer.status;
}

ExitStatus add_administrator(Invocation& invocation) {
  const auto target = administrator_target(invocation);
  if (!target) return ExitStatus::Failed;
  return invocation.ask("PUT", *target, "{}").status;
}

ExitStatus remove_administrator(Invocation& invocation) {
  if (!invocation.is_confirmed("Take the administration from user " + std::string(invocation.args.get("UID")) + "?")) {
    return ExitStatus::Failed;
  }
  const auto target = administrator_target(invocation);
  if (!target) return ExitStatus::Failed;
  return invocation.ask("DELETE", *target).status;
}

}  // namespace

std::vector<Command> administrator_commands() {
  const Operand uid{"UID", "The local user's number"};
  return {
      {"verifier set",
       "Say who verifies codes outside of Claviger; replaces what was said",
       "clavigerctl verifier set https://verifier.example/claviger --ca verifier-ca.pem --mac-key-stdin",
       {{"URL", "Where codes are posted to"}},
       {{"--ca", "PEM file of the authority of its certificate", OptionKind::Value, {}, true},
        {"--certificate", "PEM file of our client certificate", OptionKind::Value, {}, true},
        {"--key", "PEM file of that certificate's key", OptionKind::Value, {}, true},
        {"--mac-key-stdin", "Read the MAC key as base64url from standard input", OptionKind::Flag},
        {"--timeout-ms", "How long a sign-in waits for it, 5000 unless said"},
        {"--yes", "Do not ask before replacing one that is there", OptionKind::Flag}},
       set_verifier},
      {"verifier show", "The outside verifier", "clavigerctl verifier show", {}, {}, show_verifier},
      {"verifier remove",
       "Ask it no more",
       "clavigerctl verifier remove --yes",
       {},
       {{"--yes", "Do not ask", OptionKind::Flag}},
       remove_verifier},
      {"administrator add",
       "Let a local user administer the people of this tenant: users, authenticators, policies, sessions, devices",
       "clavigerctl administrator add 1001 --tenant alpha",
       {uid},
       {},
       add_administrator},
      {"administrator list", "Who may", "clavigerctl administrator list --tenant alpha", {}, {}, list_administrators},
      {"administrator remove",
       "Take it from him",
       "clavigerctl administrator remove 1001 --tenant alpha --yes",
       {uid},
       {{"--yes", "Do not ask", OptionKind::Flag}},
       remove_administrator},
  };
}

}  // namespace claviger::ctl
