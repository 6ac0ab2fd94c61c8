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
    // Of another tenant: its key is not among this one's, or this one's tokens do not count at present.
    if (last.code != Code::TokenIssuer && last.code != Code::TokenKeyUnknown) break;
  }
  return last;
}

Result<Unit> check_scope(const tokens::Claims& claims, const tenants::Tenant& tenant, const DomainPolicy& policy) {
  bool has_scope = false;
  bool is_for_us = false;
  for (const std::string& scope : policy.scopes) {
    if (!claims.has_scope(scope)) continue;
    has_scope = true;
    is_for_us = is_for_us || claims.audiences.contains(tokens::audience_of(tenant, scope));
  }
  if (!has_scope) return Error{Code::BearerScope, "kms.scope"};
  if (!is_for_us) return Error{Code::TokenAudience, "kms.aud"};
  return Unit{};
}

}  // namespace

bool Caller::may_ask_for(std::string_view uri) const { return std::ranges::find(identities, uri) != identities.end(); }

Result<AdmittedView> admit_view(const DomainTable& table, broker::Context& context, const http::Request& request) {
  CLAVIGER_TRY(token, identity::read_bearer(request));
  CLAVIGER_TRY(verified, verify(table, context, token));
  const tokens::Claims& claims = *verified.claims;
  if (!identity::is_holder(claims, request)) return Error{Code::TokenBinding, "kms.cnf"};
  const TenantDomains* domains = table.find(verified.tenant->tenant.name);
  if (domains == nullptr) return Error{Code::KmsUnknown, "kms"};
  // Of a domain that is revoked nobody gets anything, but its certificates are still told.
  CLAVIGER_TRY(scope, check_scope(claims, verified.tenant->tenant, domains->generations.back()->domain.policy));
  return AdmittedView{&verified.tenant->tenant, &claims, domains};
}

Result<Admitted> admit(const DomainTable& table, broker::Context& context, const http::Request& request) {
  CLAVIGER_TRY(view, admit_view(table, context, request));
  const tokens::Claims& claims = *view.claims;
  Admitted admitted;
  admitted.domain = view.domains->generations.back();
  Caller& caller = admitted.caller;
  caller.tenant = view.tenant->name;
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
