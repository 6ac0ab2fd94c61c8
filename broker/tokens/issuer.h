// Making tokens (RFC 9068 access tokens, OIDC Core clause 2 ID tokens; TS 33.180 clauses B.2.1, B.2.2).
//
// On the asking shard: one signature (20 us for ES256) and an encoding into one buffer, inline. A key that lives in a
// PKCS #11 token signs there, off the shard. Refuses with Code::Unsupported while the wall clock stands more than 30 s
// behind (Clock::can_issue).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::tokens {

// Claims of one access token; views are read before make_* returns.
struct AccessTokenClaims {
  std::string_view sub;
  std::string_view client_id;
  std::vector<std::string_view> audiences;           // at least one
  std::string_view scope;                            // space-separated, as granted
  std::string_view sid;                              // empty: no session (client_credentials)
  std::string_view acr;                              // empty: none
  std::int64_t auth_time = 0;                        // 0: none
  std::string_view mcptt_id, mcvideo_id, mcdata_id;  // empty: none
  std::string_view val_user_id, val_ue_id;           // empty: none
  std::vector<std::string_view> val_service_ids;
  bool may_push_keys = false;           // TS 33.434 clause A.2.2.3
  std::string_view certificate_digest;  // 32 raw bytes: cnf x5t#S256; empty: bearer
  std::string_view dpop_key;            // 32 raw bytes: cnf jkt; empty: none
  Seconds lifetime{300};
  std::string_view primary_mc_service_id;  // x_primary_mc_service_id of a user from a partner; empty: none
  std::vector<std::string_view> amr;       // RFC 9068 clause 2.2.1
};
struct IdTokenClaims {
  std::string_view sub;
  std::string_view client_id;  // aud
  std::string_view nonce;      // empty: none
  std::string_view sid;
  std::string_view acr;
  std::vector<std::string_view> amr;
  std::int64_t auth_time = 0;
  std::string_view mcptt_id, mcvideo_id, mcdata_id;
  std::string_view val_user_id, val_ue_id;
  std::vector<std::string_view> val_service_ids;
  std::string_view access_token;              // for at_hash; empty: none
  std::string_view name, preferred_username;  // OIDC Core clause 5.5; empty: none
  Seconds lifetime{300};
};

// A JWT that lacks its signature: header and payload are written, the key is chosen.
struct UnsignedToken {
  std::string input;                       // header.payload, with room for the rest
  std::shared_ptr<const TenantKeys> keys;  // of which `key` is one
  const TenantKey* key = nullptr;

  bool is_signed_here() const { return key->key != nullptr; }
};

// Asked before a code or a refresh token is spent on an answer that could not be signed. KeyStoreMissing.
Result<Unit> check_signing(broker::Context& context, const broker::TenantView& tenant);

// `jti` of the access token is 128 random bits, base64url.
Result<UnsignedToken> access_token_of(broker::Context& context, const broker::TenantView& tenant,
                                      const AccessTokenClaims& claims);
Result<UnsignedToken> id_token_of(broker::Context& context, const broker::TenantView& tenant,
                                  const IdTokenClaims& claims);
// Any other JWT: `typ` and the claims are the caller's.
Result<UnsignedToken> token_of(broker::Context& context, const broker::TenantView& tenant, std::string_view typ,
                               std::string_view claims);

// The compact JWS. KeyStoreMissing, KeyStoreFailure, Overload, DeadlinePassed when the key is elsewhere.
runtime::Task<Result<std::string>> sign(broker::Context* context, UnsignedToken token);
// Only where is_signed_here() (asserted): hot paths.
Result<std::string> sign_here(broker::Context& context, UnsignedToken token);

// `aud` for granted scopes: the audiences the tenant maps them to, without duplicates; the default audience when none.
std::vector<std::string_view> audiences_of(const tenants::Tenant& tenant, const std::vector<std::string_view>& scopes);
// That of one scope, without a list: for who asks with every request.
std::string_view audience_of(const tenants::Tenant& tenant, std::string_view scope);

}  // namespace claviger::tokens
