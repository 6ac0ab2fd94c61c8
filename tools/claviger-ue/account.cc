#include "tools/claviger-ue/account.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "core/crypto/password_hash.h"

namespace claviger::ue {
namespace {

// A request under way must not lose its token.
constexpr std::int64_t kTokenLeft = 60;

// Echo off while it lives.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    is_silent_ = ::tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (is_silent_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  bool is_silent() const { return is_silent_; }

 private:
  int terminal_;
  termios before_{};
  bool is_silent_ = false;
};

Result<SecretBytes> ask_terminal(std::string_view question) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) return Error{Code::NotPermitted, "password.terminal"};
  SecretBytes line(crypto::kPasswordBytesMax);
  std::size_t size = 0;
  {
    const Silence silence(terminal);
    const bool is_asked = ::write(terminal, question.data(), question.size()) >= 0;
    while (is_asked && silence.is_silent() && size < line.size()) {
      std::byte* next = line.reveal_for_writing().data() + size;
      if (::read(terminal, next, 1) != 1 || *next == std::byte{'\n'}) break;
      ++size;
    }
  }
  ::close(terminal);
  if (size == 0) return Error{Code::Empty, "password"};
  return SecretBytes(line.reveal().first(size));
}

}  // namespace

Result<SecretBytes> ask_secret(const char* variable, std::string_view question) {
  char* const given = std::getenv(variable);
  if (given == nullptr || *given == '\0') return ask_terminal(question);
  SecretBytes secret{as_bytes(given)};
  // Not for children, nor for who reads /proc/PID/environ later.
  wipe(std::as_writable_bytes(std::span(given, std::strlen(given))));
  ::unsetenv(variable);
  return secret;
}

Account::Account(Vault vault, std::unique_ptr<Web> web, Journal& journal)
    : vault_(std::move(vault)), web_(std::move(web)), journal_(&journal) {}

Result<Account> Account::open(const Options& options, Journal& journal) {
  const std::string path = Vault::path_of(options.folder, options.user);
  if (!Vault::exists(path)) return Error{Code::NotFound, "account"};
  CLAVIGER_TRY(password, ask_secret("CLAVIGER_UE_PASSWORD", "Password of " + options.user + ": "));
  return open(options, journal, password.reveal());
}

Result<Account> Account::open(const Options& options, Journal& journal, Bytes password) {
  const std::string path = Vault::path_of(options.folder, options.user);
  CLAVIGER_TRY(vault, Vault::open(path, password));
  CLAVIGER_TRY(web, Web::make(std::string(vault.text("account/ca"))));
  return Account(std::move(vault), std::move(web), journal);
}

Result<Unit> Account::keep(Tokens tokens) {
  CLAVIGER_TRY(access, vault_.put("token/access", tokens.access.reveal()));
  if (!tokens.refresh.empty()) {
    CLAVIGER_TRY(refresh, vault_.put("token/refresh", tokens.refresh.reveal()));
  }
  CLAVIGER_TRY(expires, vault_.put_text("token/expires", std::to_string(tokens.expires_at)));
  CLAVIGER_TRY(scope, vault_.put_text("token/scope", tokens.scope));
  if (!tokens.identities.empty() && identity().empty()) {
    CLAVIGER_TRY(identity, vault_.put_text("account/identity", tokens.identities.front()));
  }
  return vault_.save();
}

ClientFacts Account::client_facts() const {
  ClientFacts facts;
  facts.client_id = setting("client");
  facts.client_secret = SecretBytes(vault_.find("account/client_secret"));
  facts.redirect_uri = setting("redirect_uri");
  facts.scope = setting("scope");
  return facts;
}

Result<Endpoints> Account::endpoints() {
  Endpoints at;
  at.issuer = setting("issuer");
  at.authorization = setting("authorization_endpoint");
  at.token = setting("token_endpoint");
  at.revocation = setting("revocation_endpoint");
  if (at.token.empty()) return Error{Code::NotFound, "account.endpoints"};
  return at;
}

Result<SecretBytes> Account::access_token() {
  const std::int64_t expires = std::strtoll(std::string(vault_.text("token/expires")).c_str(), nullptr, 10);
  if (expires - unix_now() > kTokenLeft) return SecretBytes(vault_.find("token/access"));
  CLAVIGER_TRY(at, endpoints());
  SignIn sign_in(*web_, *journal_);
  const ClientFacts client = client_facts();
  const Bytes refresh = vault_.find("token/refresh");
  if (refresh.empty() && client.client_secret.empty()) return Error{Code::TokenExpired, "account.token"};
  auto tokens = refresh.empty() ? sign_in.with_client_credentials(at, client)
                                : sign_in.with_refresh_token(at, client, SecretBytes(refresh).reveal());
  if (!tokens) return tokens.error();
  SecretBytes access(tokens->access.reveal());
  CLAVIGER_TRY(kept, keep(*std::move(tokens)));
  return access;
}

Result<http::ClientResponse> Account::send_with_token(http::ClientRequest request) {
  CLAVIGER_TRY(token, access_token());
  std::string bearer = "Bearer ";
  bearer.reserve(bearer.size() + token.size());
  bearer += as_text(token.reveal());
  request.with("authorization", std::move(bearer));
  return web_->send(std::move(request));
}

}  // namespace claviger::ue
