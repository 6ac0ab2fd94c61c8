// Making tokens (RFC 9068 access tokens, OIDC Core clause 2 ID tokens; TS 33.180 clauses B.2.1, B.2.2).
//
// On the asking shard, inline: one signature (20 us for ES256) and an encoding into one buffer. Refuses with
// Code::Unsupported while the wall clock stands more than 30 s behind (Clock::can_issue).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"

namespace claviger::tokens {

// Claims of one access token; views are read before make_* returns.
struct AccessTokenClaims {
  std::string_view sub;
  std::string_view client_id;
  std::vector<std::string_view> audiences;  // at least one
  std::string_view scope;                   // space-separated, as granted
  std::string_view sid;                     // empty: no session (client_credentials)
  std::string_view acr;                     // empty: none
  std::int64_t auth_time = 0;               // 0: none
  std::string_view mcptt_id, mcvideo_id, mcdata_id;  // empty: none
  std::string_view val_user_id, val_ue_id;  // empty: none
  std::vector<std::string_view> val_service_ids;
  bool may_push_keys = false;               // TS 33.434 clause A.2.2.3
  std::string_view certificate_digest;      // 32 raw bytes: cnf x5t#S256; empty: bearer
  std::string_view dpop_key;                // 32 raw bytes: cnf jkt; empty: none
  Seconds lifetime{300};
  std::string_view primary_mc_service_id;   // x_primary_mc_service_id of a user from a partner; empty: none
  std::vector<std::string_view> amr;        // RFC 9068 clause 2.2.1
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
  std::string_view access_token;  // for at_hash; empty: none
  Seconds lifetime{300};
};

// The compact JWS. `jti` of the access token is 128 random bits, base64url.
Result<std::string> make_access_token(broker::Context& context, const broker::TenantView& tenant,
                                      const AccessTokenClaims& claims);
Result<std::string> make_id_token(broker::Context& context, const broker::TenantView& tenant,
                                  const IdTokenClaims& claims);

// Any other JWT, signed with the tenant's active key: `typ` and the claims are the caller's.
Result<std::string> sign_claims(broker::Context& context, const broker::TenantView& tenant, std::string_view typ,
                                std::string_view claims);

// `aud` for granted scopes: the audiences the tenant maps them to, without duplicates; the default audience when none.
std::vector<std::string_view> audiences_of(const tenants::Tenant& tenant, const std::vector<std::string_view>& scopes);

}  // namespace claviger::tokens
