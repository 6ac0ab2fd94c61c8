// Sign-in of a user's client at an identity management server (TS 33.180 annex B; OpenID Connect Core, RFC 6749, 7636,
// 7009): authorization code with PKCE, the login page filled in for the user; client credentials; refresh; revocation.
//
// Whatever comes from the server is checked as clause B.4 and OpenID Connect Core 3.1.3.7 ask: state, issuer, audience,
// nonce, expiry. The access token is opaque here (clause B.2.2). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "tools/claviger-ue/journal.h"
#include "tools/claviger-ue/web.h"

namespace claviger::ue {

// What the server says of itself (OpenID Connect Discovery 1.0).
struct Endpoints {
  std::string issuer;
  std::string authorization;
  std::string token;
  std::string revocation;  // empty: it has none
};

struct Tokens {
  SecretBytes access;
  SecretBytes refresh;  // empty: none
  std::string scope;
  std::int64_t expires_at = 0;
  // Of the ID token: mcptt_id, mcvideo_id, mcdata_id, as far as there (clause B.1.2).
  std::vector<std::string> identities;
  std::string subject;
};

struct ClientFacts {
  std::string client_id;
  SecretBytes client_secret;  // empty: a public client
  std::string redirect_uri;
  std::string scope;
};

class SignIn {
 public:
  SignIn(Web& web, Journal& journal) : web_(web), journal_(journal) {}

  // ProtocolError for an answer that is none, TokenIssuer when it speaks for another.
  Result<Endpoints> discover(const std::string& issuer);
  // SignInRefused: the page came again; NotFound: a page that asks for more than user and password; InteractionInvalid: the
  // answer is not to our request; AccessDenied: the server said no; TokenClaims, TokenIssuer, TokenAudience: the ID token.
  Result<Tokens> with_password(const Endpoints& at, const ClientFacts& client, std::string_view user, Bytes password);
  Result<Tokens> with_client_credentials(const Endpoints& at, const ClientFacts& client);
  Result<Tokens> with_refresh_token(const Endpoints& at, const ClientFacts& client, Bytes refresh_token);
  // RFC 7009. Whether the server knew it is nobody's business.
  Result<Unit> revoke(const Endpoints& at, const ClientFacts& client, Bytes token);

 private:
  struct Asked;
  Result<std::string> authorize(const Endpoints& at, const ClientFacts& client, const Asked& asked,
                                std::string_view user, Bytes password);
  Result<Tokens> ask_for_tokens(const Endpoints& at, const ClientFacts& client, std::string form,
                                std::string_view nonce);

  Web& web_;
  Journal& journal_;
};

std::int64_t unix_now();

}  // namespace claviger::ue
