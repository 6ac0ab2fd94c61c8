#include "broker/keys/kms_caller.h"

#include <algorithm>

#include "broker/identity/bearer.h"
#include "broker/identity/token_holder.h"
#include "broker/tokens/issuer.h"
#include "broker/tokens/token_shard.h"

namespace claviger::keys {
namespace {

struct Verified {
  const broker::TenantView* tenant;
  const tokens::Claims* claims;
};

// The tenants with a KMS are few: each refuses another's token before its signature is looked at.
Result<Verified> verify(const DomainTable& table, broker::Context& context, std::string_view token) {
  Error last{Code::TokenIssuer, "kms.token"};
  for (const auto& [name, domains] : table.by_tenant) {
    const broker::TenantView* view = context.snapshot->find(name);
    if (view == nullptr) continue;
    const auto claims = context.tokens->verify_own(*view, token);
    if (claims) return Verified{view, *claims};
    last = claims.error();
    if (last.code != Code::TokenIssuer) break;
  }
  return last;
}

Result<Unit> check_scope(const tokens::Claims& claims, const tenants::Tenant& tenant, const DomainPolicy& policy) {
  bool has_scope = false;
  bool is_for_us = false;
  for (const std::string& scope : policy.scopes) {
    if (!claims.has_scope(scope)) continue;
    has_scope = true;
    for (const std::string_view audience : tokens::audiences_of(tenant, {scope})) {
      is_for_us = is_for_us || claims.audiences.contains(audience);
    }
  }
  if (!has_scope) return Error{Code::BearerScope, "kms.scope"};
  if (!is_for_us) return Error{Code::TokenAudience, "kms.aud"};
  return Unit{};
}

}  // namespace

bool Caller::may_ask_for(std::string_view uri) const { return std::ranges::find(identities, uri) != identities.end(); }

Result<Admitted> admit(const DomainTable& table, broker::Context& context, const http::Request& request) {
  CLAVIGER_TRY(token, identity::read_bearer(request));
  CLAVIGER_TRY(verified, verify(table, context, token));
  const tokens::Claims& claims = *verified.claims;
  if (!identity::is_holder(claims, request)) return Error{Code::TokenBinding, "kms.cnf"};
  Admitted admitted;
  const TenantDomains* domains = table.find(verified.tenant->tenant.name);
  if (domains == nullptr) return Error{Code::KmsUnknown, "kms"};
  // Of a domain that is revoked nobody gets anything, but its certificates are still told.
  admitted.domain = domains->generations.back();
  CLAVIGER_TRY(scope, check_scope(claims, verified.tenant->tenant, admitted.domain->domain.policy));
  Caller& caller = admitted.caller;
  caller.tenant = verified.tenant->tenant.name;
  caller.sub = claims.subject;
  caller.client_id = claims.client_id;
  for (const std::string_view id : claims.mc_ids) {
    if (!id.empty() && !caller.may_ask_for(id)) caller.identities.emplace_back(id);
  }
  caller.is_service = claims.sid.empty() && claims.subject == claims.client_id;
  if (caller.identities.empty() && !caller.is_service) return Error{Code::KeysDenied, "kms.identity"};
  return admitted;
}

}  // namespace claviger::keys
