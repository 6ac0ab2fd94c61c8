#include "broker/registration/token_facts.h"

#include "broker/registration/records.h"
#include "broker/tokens/token_shard.h"
#include "core/crypto/digest.h"
#include "core/sip/uri.h"

namespace claviger::registration {

Result<tokens::VerificationPolicy> policy_for(broker::Context& context, const broker::TenantView& tenant,
                                              const Service& service) {
  tokens::PolicyOptions options;
  options.issuers = {tenant.tenant.issuer};
  const auto audience = tenant.tenant.scope_audiences.find(service.scope);
  options.audiences = {audience == tenant.tenant.scope_audiences.end() ? tenant.tenant.default_audience
                                                                       : audience->second};
  options.scopes_all = {service.scope};
  options.identity = service.mc_service;
  return context.tokens->verifier().make_policy(std::move(options));
}

Result<std::string> canonical_mc_service_id(std::string_view text) {
  if (text.empty() || text.size() > kIdentityBytesMax) return Error{Code::BadValue, "registration.identity"};
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return Error{Code::BadValue, "registration.identity"};
  }
  if (auto canonical = sip::canonical_identity(text)) return canonical;
  return std::string(text);
}

Result<std::string> identity_of(const Service& service, const tokens::Claims& claims) {
  std::string identity(claims.mc_id(service.mc_service));
  if (service.mc_service == tokens::McService::None && claims.all) {
    if (const auto claim = claims.all->find(service.identity_claim)) {
      if (const auto text = claim->as_string()) identity = *text;
    }
  }
  if (identity.empty()) return Error{Code::TokenIdentity, "registration.identity"};
  return canonical_mc_service_id(identity);
}

Result<TokenFacts> check_token(broker::Context& context, const tokens::VerificationPolicy& policy,
                               const Service& service, std::string_view token) {
  tokens::Presentation presentation;
  presentation.now = numeric_date(context.shard.wall());
  tokens::Verifier& verifier = context.tokens->verifier();
  CLAVIGER_TRY(verified, verifier.verify(token, policy, presentation));
  const tokens::Claims& claims =
      verified.claims != nullptr ? *verified.claims : verifier.decode_verified(token, verified);
  TokenFacts facts;
  CLAVIGER_TRY(identity, identity_of(service, claims));
  facts.mc_service_id = std::move(identity);
  facts.issuer = claims.issuer;
  facts.oauth_client_id = claims.client_id;
  facts.scope = claims.scope;
  facts.sub = claims.subject;
  facts.sid = claims.sid;
  facts.jti = claims.jti;
  const auto digest = crypto::sha256(as_bytes(token));
  facts.digest = as_text(digest);
  facts.issued_at = claims.issued_at.value_or(presentation.now);
  facts.expires_at = claims.expires.value_or(0);
  return facts;
}

}  // namespace claviger::registration
