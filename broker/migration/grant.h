// Grants: what the primary system signs when a binding is made, and sees again with each request of the partner system: that
// it may ask for authentication vectors of this user.
//
// A JWS (RFC 7515, RFC 7519) under the tenant's signing key, type "migration-grant+jwt", claims iss and aud (MC system IDs of
// primary and partner system), sub (the primary private identity), scope "av", iat, exp, jti. Any shard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/migration/agreement_table.h"
#include "broker/migration/binding.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::migration {

// Renewed after half of it; shorter than a signing key stays published after its last signature.
inline constexpr Seconds kGrantLife{14 * 24 * 3600};
inline constexpr std::string_view kGrantType = "migration-grant+jwt";

struct Grant {
  std::string token;
  std::int64_t expires_at = 0;
};
// NotFound (tenant), and what signing says.
runtime::Task<Result<Grant>> make_grant(broker::Context* context, std::string tenant, AgreementRef agreement,
                                        Binding binding);

}  // namespace claviger::migration
