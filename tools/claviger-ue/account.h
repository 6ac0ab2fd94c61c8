// A user who is signed in on this client: his opened vault, the web, and an access token that is good now.
//
// What commands start from. Names in the vault: "account/..." of the sign-in, "token/...", "kms/..." of the key ring
// (key_ring.h); others choose a prefix of their own. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "tools/claviger-ue/journal.h"
#include "tools/claviger-ue/sign_in.h"
#include "tools/claviger-ue/vault.h"
#include "tools/claviger-ue/web.h"

namespace claviger::ue {

// What is the same for every command.
struct Options {
  std::string folder;  // of vaults
  std::string user;    // whose
  bool is_quiet = false;
};

class Account {
 public:
  // Opens the vault of options.user with the password from CLAVIGER_UE_PASSWORD or the terminal. NotFound: not signed in.
  static Result<Account> open(const Options& options, Journal& journal);
  // The same with a password that was asked for before: who waits long opens the vault only now and then.
  static Result<Account> open(const Options& options, Journal& journal, Bytes password);
  // Of a sign-in that was made just now. The vault's old keys stay when the password is the one they were kept under.
  Account(Vault vault, std::unique_ptr<Web> web, Journal& journal);

  Vault& vault() { return vault_; }
  Web& web() { return *web_; }
  Journal& journal() { return *journal_; }

  std::string setting(std::string_view name) const { return std::string(vault_.text("account/" + std::string(name))); }
  // "sip:ann.mcptt@alpha.example": the MC service ID, from the ID token or --identity.
  std::string identity() const { return setting("identity"); }
  // Of the ID token's claim: "sip:...".
  Result<Unit> keep(Tokens tokens);

  // Refreshed when it ends within a minute (RFC 6749 clause 6). TokenExpired: sign in again.
  Result<SecretBytes> access_token();
  // With "Authorization: Bearer" (RFC 6750 clause 2.1).
  Result<http::ClientResponse> send_with_token(http::ClientRequest request);

  Result<Endpoints> endpoints();
  ClientFacts client_facts() const;

 private:
  Vault vault_;
  std::unique_ptr<Web> web_;
  Journal* journal_;
};

// From the environment variable, which is unset then, or asked for without echo. Empty, NotPermitted: no terminal.
Result<SecretBytes> ask_secret(const char* variable, std::string_view question);

}  // namespace claviger::ue
