#include "broker/identity/logout_hint.h"

#include <array>

#include "broker/tokens/tenant_keys.h"
#include "broker/tokens/token_shard.h"

namespace claviger::identity {

namespace {

constexpr Error kInvalid{Code::LogoutHint, "logout.id_token_hint"};

}  // namespace

Result<LogoutHintClaims> read_logout_hint(broker::Context& context, const broker::TenantView& tenant,
                                          std::string_view token) {
  if (tenant.keys == nullptr || tenant.keys->verifying == nullptr) return kInvalid;
  return read_logout_hint(context.tokens->verifier(), *tenant.keys->verifying, tenant.tenant.issuer, token);
}

Result<LogoutHintClaims> read_logout_hint(tokens::Verifier& verifier, const tokens::KeySet& keys,
                                          std::string_view issuer, std::string_view token) {
  static constexpr std::array<std::string_view, 1> kTypes{"jwt"};
  tokens::JwsRules rules;
  rules.keys = &keys;
  rules.types = kTypes;
  const auto verified = verifier.verify_jws(token, rules);
  if (!verified) return kInvalid;
  const tokens::Claims& claims = *verified->claims;
  if (claims.issuer != issuer || claims.sid.empty() || claims.audiences.size() != 1) return kInvalid;
  LogoutHintClaims hint;
  hint.sid = claims.sid;
  hint.sub = claims.subject;
  claims.audiences.for_each([&hint](std::string_view audience) { hint.client_id = audience; });
  return hint;
}

}  // namespace claviger::identity
