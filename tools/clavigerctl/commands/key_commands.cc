#include <openssl/crypto.h>
#include <sys/stat.h>

#include <fstream>

#include "core/codec/json_writer.h"
#include "core/crypto/private_key_pem.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

const std::vector<Column>& key_columns() {
  static const std::vector<Column> kColumns{{"KID", "kid"},
                                            {"STATE", "state"},
                                            {"ALGORITHM", "algorithm"},
                                            {"CREATED", "created_at", Show::Time},
                                            {"SINCE", "changed_at", Show::Time},
                                            {"UNTIL", "until", Show::Time},
                                            {"STORED", "stored"},
                                            {"LABEL", "label"}};
  return kColumns;
}

ExitStatus list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/keys");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  return answer.is_ok() ? print_page(invocation, answer.body, key_columns()) : answer.status;
}

ExitStatus rotate(Invocation& invocation) {
  const bool is_emergency = invocation.args.has("--emergency");
  if (!invocation.is_confirmed(is_emergency
                                   ? "Sign with the next key, and refuse every token of the present one at once?"
                                   : "Sign with the next key from now on?")) {
    return ExitStatus::Failed;
  }
  const auto target = invocation.tenant_target(is_emergency ? "/keys/active/revoke" : "/keys/rotate");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target);
  return answer.is_ok() ? print_page(invocation, answer.body, key_columns()) : answer.status;
}

ExitStatus revoke(Invocation& invocation) {
  const std::string kid(invocation.args.get("KID"));
  if (!invocation.is_confirmed("Revoke key " + kid + "? Every token it signed is refused at once.")) {
    return ExitStatus::Failed;
  }
  const auto target = invocation.tenant_target("/keys/" + path_segment(kid) + "/revoke");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target);
  return answer.is_ok() ? print_page(invocation, answer.body, key_columns()) : answer.status;
}

// Its text stays in these two buffers, which are wiped.
ExitStatus import_file(Invocation& invocation, const std::string& target, const std::string& path) {
  std::ifstream input(path, std::ios::binary);
  std::string file(crypto::kPrivateKeyPemMax + 1, '\0');
  input.read(file.data(), static_cast<std::streamsize>(file.size()));
  const auto size = static_cast<std::size_t>(input.gcount());
  struct stat status {};
  if (!input.is_open() || input.bad() || size > crypto::kPrivateKeyPemMax || ::stat(path.c_str(), &status) != 0) {
    invocation.complain("the file cannot be read, or has more than 16 KiB");
    return ExitStatus::Usage;
  }
  if ((status.st_mode & 0077U) != 0) {
    invocation.complain("others can read the file: whoever did has the key. chmod 600, if it is still a secret");
    OPENSSL_cleanse(file.data(), file.size());
    return ExitStatus::Usage;
  }
  std::string body;
  body.reserve(2 * file.size());
  codec::JsonWriter json(body);
  json.begin_object().member("pem", std::string_view(file).substr(0, size)).end_object();
  auto answer = invocation.ask("POST", target, body);
  OPENSSL_cleanse(body.data(), body.size());
  OPENSSL_cleanse(file.data(), file.size());
  return answer.is_ok() ? print_page(invocation, answer.body, key_columns()) : answer.status;
}

ExitStatus import(Invocation& invocation) {
  const auto target = invocation.tenant_target("/keys/import");
  if (!target) return ExitStatus::Failed;
  const bool has_label = invocation.args.has("--pkcs11");
  if (has_label == invocation.args.has("FILE")) {
    invocation.complain("a FILE, or --pkcs11 with a label");
    return ExitStatus::Usage;
  }
  if (!has_label) return import_file(invocation, *target, std::string(invocation.args.get("FILE")));
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("pkcs11_label", invocation.args.get("--pkcs11")).end_object();
  const auto answer = invocation.ask("POST", *target, body);
  return answer.is_ok() ? print_page(invocation, answer.body, key_columns()) : answer.status;
}

}  // namespace

std::vector<Command> key_commands() {
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  return {
      {"key list", "The signing keys of a tenant", "clavigerctl key list", {}, {}, list},
      {"key rotate",
       "Sign with the next key now, even one just published; the old one verifies until its tokens are over",
       "clavigerctl key rotate --yes",
       {},
       {{"--emergency", "The key fell into wrong hands: every token it signed is refused at once", OptionKind::Flag},
        yes},
       rotate},
      {"key import",
       "Take a private key from outside as the next one; it signs after the next rotation",
       "clavigerctl key import signing-key.pem",
       {{"FILE", "PEM of a private key: ES256, EdDSA or RS256 as the tenant signs", false, {}, true}},
       {{"--pkcs11", "Label of a key pair in the PKCS #11 token, in place of a file"}},
       import},
      {"key revoke",
       "Take a key that fell into wrong hands out of use",
       "clavigerctl key revoke KID --yes",
       {{"KID", "The key's id"}},
       {yes},
       revoke},
  };
}

}  // namespace claviger::ctl
