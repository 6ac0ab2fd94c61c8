// What is kept of an access token that authorised a client: never the token.
//
// On the shard whose verifier is asked.
#pragma once

#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/registration/service.h"
#include "broker/tokens/verifier/claims.h"
#include "broker/tokens/verifier/verification_policy.h"
#include "core/base/result.h"

namespace claviger::registration {

struct TokenFacts {
  std::string mc_service_id;  // canonical
  std::string issuer, oauth_client_id, scope, sub, sid, jti;
  std::string digest;  // SHA-256 of the token
  std::int64_t issued_at = 0;
  std::int64_t expires_at = 0;
};

// What a token for a service must be: of this tenant, for the service's audience, with its scope and identity. A token that
// is bound to a certificate or key of its holder's is refused: nothing in SIP proves that.
Result<tokens::VerificationPolicy> policy_for(broker::Context& context, const broker::TenantView& tenant,
                                              const Service& service);
// Codes of tokens.
Result<TokenFacts> check_token(broker::Context& context, const tokens::VerificationPolicy& policy,
                               const Service& service, std::string_view token);

// A user's identity for a service as it stands in keys: one writing of each SIP and tel URI, other names as they are.
// BadValue: empty, too long, or with control characters.
Result<std::string> canonical_mc_service_id(std::string_view text);

// Whom a verified token names for a service, canonical. TokenIdentity: nobody; BadValue.
Result<std::string> identity_of(const Service& service, const tokens::Claims& claims);

}  // namespace claviger::registration
