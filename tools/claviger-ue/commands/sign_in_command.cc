#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <sstream>

#include "core/codec/hex.h"
#include "core/http/url.h"
#include "tools/claviger-ue/commands/commands.h"
#include "tools/claviger-ue/key_ring.h"

namespace claviger::ue {
namespace {

struct Wanted {
  std::string issuer;
  std::string client;
  std::string redirect_uri = "http://127.0.0.1/callback";
  std::string scope = "openid 3gpp:mc:ptt_key_management_service";
  std::string ca_file;
  std::string kms;
  std::string kms_uri;
  std::string identity;
  std::string device;
  bool is_service = false;
  bool replaces = false;
};

constexpr std::string_view kKmsRoot = "/keymanagement/identity/v1";
constexpr std::size_t kCaBytesMax = 256 * 1024;

Result<std::string> read_ca(const std::string& name) {
  if (name.empty()) return std::string();
  std::ifstream file(name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty() || text.str().size() > kCaBytesMax) return Error{Code::Unreadable, "sign_in.ca"};
  return text.str();
}

// The vault of this user: the one he has, when the password opens it.
Result<Vault> vault_for(const Options& options, const Wanted& wanted, Bytes password) {
  const std::string path = Vault::path_of(options.folder, options.user);
  if (!Vault::exists(path) || wanted.replaces) return Vault::create(path, password);
  return Vault::open(path, password);
}

Result<Unit> keep_settings(Account& account, const Wanted& wanted, const Endpoints& at, const std::string& ca,
                           const ClientFacts& client, const std::string& user) {
  Vault& vault = account.vault();
  std::string root = wanted.kms;
  std::string kms_uri = wanted.kms_uri;
  if (!root.empty()) {
    CLAVIGER_TRY(url, http::parse_url(root));
    if (!url.is_https) return Error{Code::BadValue, "sign_in.kms"};
    if (url.target == "/") root = "https://" + url.authority + std::string(kKmsRoot);
    if (kms_uri.empty()) kms_uri = url.host;
  }
  while (root.ends_with('/')) root.pop_back();
  const std::pair<std::string_view, std::string_view> settings[] = {{"issuer", at.issuer},
                                                                    {"authorization_endpoint", at.authorization},
                                                                    {"token_endpoint", at.token},
                                                                    {"revocation_endpoint", at.revocation},
                                                                    {"client", client.client_id},
                                                                    {"redirect_uri", client.redirect_uri},
                                                                    {"scope", client.scope},
                                                                    {"ca", ca},
                                                                    {"kms", root},
                                                                    {"kms_uri", kms_uri},
                                                                    {"identity", wanted.identity},
                                                                    {"device", wanted.device},
                                                                    {"user", user}};
  for (const auto& [name, value] : settings) {
    // What was not said this time stays as it was.
    if (value.empty()) continue;
    CLAVIGER_TRY(kept, vault.put_text("account/" + std::string(name), value));
  }
  return vault.put("account/client_secret", client.client_secret.reveal());
}

Result<Unit> sign_in(const Options& options, const Wanted& wanted, Journal& journal) {
  CLAVIGER_TRY(ca, read_ca(wanted.ca_file));
  const char* const variable = wanted.is_service ? "CLAVIGER_UE_CLIENT_SECRET" : "CLAVIGER_UE_PASSWORD";
  CLAVIGER_TRY(password,
               ask_secret(variable, (wanted.is_service ? "Secret of " : "Password of ") + options.user + ": "));
  CLAVIGER_TRY(web, Web::make(ca));
  SignIn sign_in(*web, journal);
  CLAVIGER_TRY(at, sign_in.discover(wanted.issuer));
  ClientFacts client;
  client.client_id = wanted.is_service ? options.user : wanted.client;
  client.redirect_uri = wanted.redirect_uri;
  client.scope = wanted.scope;
  if (wanted.is_service) client.client_secret = password.duplicate();
  auto tokens = wanted.is_service ? sign_in.with_client_credentials(at, client)
                                  : sign_in.with_password(at, client, options.user, password.reveal());
  if (!tokens) return tokens.error();
  // After the server has taken the password, and not before.
  CLAVIGER_TRY(vault, vault_for(options, wanted, password.reveal()));
  Account account(std::move(vault), std::move(web), journal);
  CLAVIGER_TRY(settings, keep_settings(account, wanted, at, ca, client, options.user));
  for (const std::string& each : tokens->identities) journal.detail("MC service ID " + each);
  CLAVIGER_TRY(kept, account.keep(*std::move(tokens)));
  journal.step("sealed what is kept of it under the password");
  journal.result("signed in: " + options.user + (account.identity().empty() ? "" : ", " + account.identity()));
  return Unit{};
}

// KIND ID, the key in hex on standard input or in CLAVIGER_UE_SHARED_KEY.
Result<Unit> keep_shared_key(Account& account, const std::string& kind, const std::string& id) {
  CLAVIGER_TRY(text, ask_secret("CLAVIGER_UE_SHARED_KEY", "Key in hex: "));
  SharedKey key;
  key.id = id;
  key.key = SecretBytes(32);
  const auto size = codec::hex_decode(as_text(text.reveal()), key.key.reveal_for_writing());
  if (!size || *size != key.key.size()) return Error{Code::HexInvalid, "shared_key"};
  KeyRing ring(account.vault());
  CLAVIGER_TRY(kept, ring.keep_shared_key(kind, key));
  CLAVIGER_TRY(saved, account.vault().save());
  account.journal().result(kind + " " + id + " kept");
  return Unit{};
}

}  // namespace

void add_sign_in(CLI::App& app, CommandLine& line) {
  auto wanted = std::make_shared<Wanted>();
  CLI::App* command = app.add_subcommand("sign-in", "Sign a user in and keep, sealed, what his client needs");
  command->add_option("--issuer", wanted->issuer, "the identity management server")
      ->required()
      ->envname("CLAVIGER_UE_ISSUER");
  command->add_option("--client", wanted->client, "client_id of this app")->envname("CLAVIGER_UE_CLIENT");
  command->add_option("--redirect-uri", wanted->redirect_uri, "as it is registered for the client")
      ->envname("CLAVIGER_UE_REDIRECT_URI");
  command->add_option("--scope", wanted->scope, "scopes to ask for")->envname("CLAVIGER_UE_SCOPE");
  command->add_option("--ca", wanted->ca_file, "PEM file of the authority that servers are trusted by")
      ->envname("CLAVIGER_UE_CA");
  command->add_option("--kms", wanted->kms, "https URL of the KMS, or of its interface's root")
      ->envname("CLAVIGER_UE_KMS");
  command->add_option("--kms-uri", wanted->kms_uri, "identifier of the KMS; its host without this")
      ->envname("CLAVIGER_UE_KMS_URI");
  command->add_option("--identity", wanted->identity, "MC service ID to ask keys for; from the ID token without this");
  command->add_option("--device", wanted->device, "identifier of this device");
  command->add_flag("--service", wanted->is_service,
                    "a server's client: --user is its client_id, CLAVIGER_UE_CLIENT_SECRET its secret");
  command->add_flag("--replace", wanted->replaces, "forget what another password sealed");
  command->footer(
      "The password comes from CLAVIGER_UE_PASSWORD, or is asked for.\n"
      "Example: claviger-ue --user ann sign-in --issuer https://idms.example/idms/v1/alpha --client app --kms "
      "https://kms.example");
  command->callback([wanted, &line] {
    Journal journal(line.options.is_quiet);
    const auto done = sign_in(line.options, *wanted, journal);
    if (done) return;
    if (done.failed_with(Code::SealBroken)) {
      journal.complain("what is kept for " + line.options.user +
                       " was sealed under another password; --replace forgets it");
    } else {
      journal.complain("sign-in", done.error());
    }
    line.status = 1;
  });

  struct Shared {
    std::string kind;
    std::string id;
  };
  auto shared = std::make_shared<Shared>();
  CLI::App* key = app.add_subcommand("shared-key", "Keep a TrK or InK that came out of band");
  key->add_option("KIND", shared->kind, "trk or ink")->required()->check(CLI::IsMember({"trk", "ink"}));
  key->add_option("ID", shared->id, "its identifier")->required();
  key->footer("The key, 64 hex digits, comes from CLAVIGER_UE_SHARED_KEY, or is asked for.");
  key->callback([shared, &line] {
    with_account(line, "shared-key",
                 [&](Account& account) { return keep_shared_key(account, shared->kind, shared->id); });
  });
}

}  // namespace claviger::ue
