// The logout token of OIDC Back-Channel Logout clause 2.4: typ logout+jwt, no nonce, good for two minutes.
//
// Signed like every token of the tenant, on the asking shard.
#pragma once

#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/tokens/issuer.h"
#include "core/base/clock.h"
#include "core/base/result.h"

namespace claviger::identity {

// Clause 2.4 recommends at most two minutes; each attempt has a token of its own.
inline constexpr Seconds kLogoutTokenLife{120};

struct LogoutClaims {
  std::string_view client_id;  // aud
  std::string_view sub;        // as this client knows him
  std::string_view sid;
  std::string_view jti;
};
// To be signed by its sender.
Result<tokens::UnsignedToken> make_logout_token(broker::Context& context, const broker::TenantView& tenant,
                                                const LogoutClaims& claims);

}  // namespace claviger::identity
