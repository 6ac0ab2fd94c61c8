// The id_token_hint of a sign-off (OIDC RP-Initiated Logout clause 2): an ID token of ours, which may have expired.
//
// On the asking shard, inline: one signature to verify.
#pragma once

#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/tokens/verifier/verifier.h"
#include "core/base/result.h"

namespace claviger::identity {

struct LogoutHintClaims {
  std::string sid;
  std::string client_id;  // aud
  std::string sub;        // as that client knows him
};

// LogoutHint: not one of ours, of another tenant, or of no session.
Result<LogoutHintClaims> read_logout_hint(broker::Context& context, const broker::TenantView& tenant,
                                          std::string_view token);
// The same under these keys.
Result<LogoutHintClaims> read_logout_hint(tokens::Verifier& verifier, const tokens::KeySet& keys,
                                          std::string_view issuer, std::string_view token);

}  // namespace claviger::identity
