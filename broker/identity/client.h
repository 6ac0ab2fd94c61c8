// A registered client (TS 33.180 clause B.3, RFC 6749 clause 2, TS 33.434 A.3).
//
// Record of tables::kClients, key tenant + client_id. Read on every shard through ClientCache; changed at home
// home_of("client/" tenant "/" client_id).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::identity {

enum class ClientProfile : std::uint8_t {
  Plain = 0,  // OpenID Connect as standard clients speak it
  Mc = 1,     // TS 33.180 Annex B: state, acr_values required
  Val = 2     // TS 33.434 Annex A
};
enum class ClientAuthentication : std::uint8_t {
  None = 0,  // native, PKCE only
  SecretBasic = 1,
  PrivateKeyJwt = 2,
  TlsClientAuth = 3,           // RFC 8705 clause 2.1: subject of a certificate that chains to the listener's client CA
  SelfSignedTlsClientAuth = 4  // RFC 8705 clause 2.2: certificate digest
};

struct Client {
  std::string client_id;
  std::string name;
  bool is_enabled = true;
  ClientProfile profile = ClientProfile::Plain;
  ClientAuthentication authentication = ClientAuthentication::None;
  std::vector<std::string> redirect_uris;
  std::vector<std::string> scopes;  // allowed; empty: every scope of the tenant
  bool may_code = false;            // authorization_code and refresh_token
  bool may_client_credentials = false;
  bool may_introspect = false;                          // is a resource server
  std::vector<std::string> audiences;                   // resource identifiers it answers for: tokens it may introspect
  std::optional<std::array<std::byte, 32>> secret_mac;  // HMAC of the secret; the secret itself is shown once
  std::string jwks;                                     // public JWKS for private_key_jwt
  std::string tls_subject;                              // RFC 4514 string or "san:<uri>" for TlsClientAuth
  std::string tls_certificate_digest;                   // base64url x5t#S256 for SelfSignedTlsClientAuth
  bool is_certificate_bound = false;                    // RFC 8705 clause 3: cnf x5t#S256 in its access tokens
  std::int64_t created_at = 0;
  std::vector<std::string> post_logout_redirect_uris;
  std::string backchannel_logout_uri;   // told when a session ends; a resource server: of any user; empty: not told
  bool must_push_requests = false;      // RFC 9126 clause 6: authorization requests come through /par only
  bool is_dpop_bound = false;           // RFC 9449 clause 5.2: no token without a proof of possession
  bool has_pairwise_subject = false;    // OIDC Core clause 8: a `sub` of its sector's own (pairwise_subject.h)
  std::string sector_identifier;        // a host name; empty: that of its redirect URIs
  bool asks_consent = false;            // the user is asked before it gets his code (consent.h)
  std::string val_server_id;            // whose records it may provision (broker/provisioning); empty: none
  std::vector<std::string> val_services;  // its service agreement: VAL service IDs it may configure
  bool may_push_keys = false;           // TS 33.434 clause A.2.2.3: SKeyProv in its access tokens
  std::uint64_t version = 0;            // of the record; not stored in it
  bool may_exchange = false;            // RFC 8693: our users' tokens for a partner's (broker/partners)
  bool may_assert = false;              // RFC 7523: a partner's security token for one of ours
  Seconds access_token_life{0};         // of its own; 0: as configured (broker/tokens/token_life.h)
};

// A registration as one shard knows it.
using ClientRef = std::shared_ptr<const Client>;

std::string client_key(std::string_view tenant, std::string_view client_id);
std::string encode_client(const Client& client);
Result<Client> decode_client(const storage::Value& value, std::string_view client_id);

}  // namespace claviger::identity
