#include <openssl/crypto.h>

#include <cstdio>

#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/terminal.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

// The verifier takes tokens of at most 8 KiB; a line more leaves room for blanks.
constexpr std::size_t kTokenBytesMax = 16 * 1024;

// The operand, or without one (or "-") all of standard input. A token on the command line can be seen by others of this
// machine, so standard input is the way that the help shows.
std::optional<std::string> token_of(Invocation& invocation) {
  std::string token(invocation.args.get("TOKEN"));
  if (token.empty() || token == "-") {
    token.resize(kTokenBytesMax + 1);
    token.resize(std::fread(token.data(), 1, token.size(), stdin));
  }
  const auto is_blank = [](char character) { return character == ' ' || character == '\n' || character == '\r' || character == '\t'; };
  while (!token.empty() && is_blank(token.back())) token.pop_back();
  while (!token.empty() && is_blank(token.front())) token.erase(0, 1);
  if (token.empty() || token.size() > kTokenBytesMax) {
    invocation.complain(token.empty() ? "no token: give it on standard input" : "that is longer than a token");
    return std::nullopt;
  }
  return token;
}

std::string body_with(std::string_view token) {
  std::string body;
  body.reserve(2 * token.size() + 64);
  codec::JsonWriter json(body);
  json.begin_object().member("token", token).end_object();
  return body;
}

ExitStatus inspect(Invocation& invocation) {
  auto token = token_of(invocation);
  if (!token) return ExitStatus::Usage;
  std::string body = body_with(*token);
  OPENSSL_cleanse(token->data(), token->size());
  const auto answer = invocation.ask("POST", "/admin/v1/tokens/inspect", body);
  OPENSSL_cleanse(body.data(), body.size());
  if (!answer.is_ok()) return answer.status;
  return print_object(invocation, answer.body,
                      {{"state", "state"},
                       {"why", "why"},
                       {"kind", "kind"},
                       {"tenant", "tenant"},
                       {"algorithm", "header.alg"},
                       {"kid", "header.kid"},
                       {"issuer", "claims.iss"},
                       {"subject", "claims.sub"},
                       {"audience", "claims.aud"},
                       {"client", "claims.client_id"},
                       {"scope", "claims.scope"},
                       {"jti", "claims.jti"},
                       {"session", "claims.sid"},
                       {"MCPTT ID", "claims.mcptt_id"},
                       {"MCVideo ID", "claims.mcvideo_id"},
                       {"MCData ID", "claims.mcdata_id"},
                       {"issued", "claims.iat", Show::Time},
                       {"expires", "claims.exp", Show::Time},
                       {"expires in", "expires_in", Show::Duration},
                       {"session state", "session.state"},
                       {"user", "session.login"}});
}

ExitStatus revoke(Invocation& invocation) {
  auto token = token_of(invocation);
  if (!token) return ExitStatus::Usage;
  if (!invocation.is_confirmed("Revoke this token? It is refused everywhere at once.")) return ExitStatus::Failed;
  std::string body = body_with(*token);
  OPENSSL_cleanse(token->data(), token->size());
  const auto answer = invocation.ask("POST", "/admin/v1/tokens/revoke", body);
  OPENSSL_cleanse(body.data(), body.size());
  if (!answer.is_ok()) return answer.status;
  return print_object(invocation, answer.body, {{"state", "state"}, {"kind", "kind"}, {"jti", "jti"}, {"session", "sid"}});
}

}  // namespace

std::vector<Command> token_commands() {
  const Operand token{"TOKEN", "The token; nothing or -: from standard input", false};
  return {
      {"token inspect", "What a token says and whether it is good", "clavigerctl token inspect < token.txt", {token}, {},
       inspect},
      {"token revoke", "Revoke an access token, or the session of a refresh token",
       "clavigerctl token revoke --yes < token.txt", {token}, {{"--yes", "Do not ask", OptionKind::Flag}}, revoke},
  };
}

}  // namespace claviger::ctl
