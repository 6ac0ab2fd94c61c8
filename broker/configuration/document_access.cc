#include "broker/configuration/document_access.h"

#include <algorithm>

#include "broker/identity/bearer.h"
#include "broker/identity/token_holder.h"
#include "broker/identity/val_identity.h"
#include "broker/tokens/issuer.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/urn.h"

namespace claviger::configuration {
namespace {

using broker::Context;

bool is_service(const tokens::Claims& claims) { return claims.sid.empty() && claims.subject == claims.client_id; }

struct Verified {
  const broker::TenantView* tenant;
  const tokens::Claims* claims;
};

Result<Verified> verify_token(Context& context, std::string_view tenant, std::string_view token) {
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) return Error{Code::NotFound, "xcap.tenant"};
  CLAVIGER_TRY(claims, context.tokens->verify_own(*view, token));
  return Verified{view, claims};
}

Result<Verified> verify(Context& context, std::string_view tenant, const http::Request& request) {
  if (context.snapshot->find(tenant) == nullptr) return Error{Code::NotFound, "xcap.tenant"};
  CLAVIGER_TRY(token, identity::read_bearer(request));
  CLAVIGER_TRY(verified, verify_token(context, tenant, token));
  if (!identity::is_holder(*verified.claims, request)) return Error{Code::TokenBinding, "xcap.cnf"};
  return verified;
}

Result<Unit> check_scope(const Verified& verified, std::string_view scope) {
  if (!verified.claims->has_scope(scope)) return Error{Code::BearerScope, "xcap.scope"};
  const tenants::Tenant& tenant = verified.tenant->tenant;
  if (!verified.claims->audiences.contains(tokens::audience_of(tenant, scope)))
    return Error{Code::TokenAudience, "xcap.aud"};
  return Unit{};
}

std::string text_claim(const tokens::Claims& claims, std::string_view name) {
  const auto value = claims.all ? claims.all->find(name) : std::nullopt;
  const auto text = value ? value->as_string() : Result<std::string_view>(Error{Code::JsonMissing, "claim"});
  return text ? std::string(*text) : std::string();
}

bool has_service(const tokens::Claims& claims, std::string_view name, std::string_view service) {
  const auto value = claims.all ? claims.all->find(name) : std::nullopt;
  if (!value) return false;
  const auto array = value->as_array();
  if (!array || array->size() > identity::kValServicesMax) return false;
  for (const codec::JsonValue each : *array) {
    const auto text = each.as_string();
    if (text && *text == service) return true;
  }
  return false;
}

Result<std::string> identity_of(const Context& context, const tokens::Claims& claims, const Application& application) {
  if (!application.is_val) return canonical_xui(claims.mc_id(application.service));
  // TS 24.546 clause 7.1: of the VAL service that the AUID names.
  const settings::ValClaimNames& names = context.snapshot->settings->val_claims;
  if (!has_service(claims, names.service_ids, application.auid)) return Error{Code::TokenIdentity, "xcap.val_service"};
  std::string user = text_claim(claims, names.user_id);
  return canonical_xui(user.empty() ? text_claim(claims, names.ue_id) : user);
}

// A folder may have been named in another writing than the token's.
bool is_ue_of(std::string_view ue_identity, std::string_view xui) {
  return !ue_identity.empty() && codec::canonical_urn(ue_identity) == codec::canonical_urn(xui);
}

Result<Caller> caller_of(const Context& context, const Verified& verified, const Application& application) {
  const tokens::Claims& claims = *verified.claims;
  Caller caller;
  caller.client_id = claims.client_id;
  if (is_service(claims)) {
    caller.role = claims.has_scope(kWriteScope) ? Role::Writer : Role::Server;
    if (caller.role == Role::Writer) {
      CLAVIGER_TRY(writes, check_scope(verified, kWriteScope));
      return caller;
    }
    CLAVIGER_TRY(reads, check_scope(verified, application.scope));
    return caller;
  }
  CLAVIGER_TRY(scope, check_scope(verified, application.scope));
  CLAVIGER_TRY(identity, identity_of(context, claims, application));
  if (identity.empty()) return Error{Code::TokenIdentity, "xcap.identity"};
  caller.identity = std::move(identity);
  if (application.is_val)
    caller.ue_identity = canonical_xui(text_claim(claims, context.snapshot->settings->val_claims.ue_id));
  return caller;
}

}  // namespace

Result<Caller> admit(Context& context, std::string_view tenant, const http::Request& request,
                     const Application& application) {
  CLAVIGER_TRY(verified, verify(context, tenant, request));
  return caller_of(context, verified, application);
}

Result<Credential> admit_token(Context& context, std::string_view tenant, std::string_view token,
                               const Application& application) {
  CLAVIGER_TRY(verified, verify_token(context, tenant, token));
  const tokens::Claims& claims = *verified.claims;
  if (claims.confirmation) return Error{Code::TokenBinding, "xcap.cnf"};
  CLAVIGER_TRY(caller, caller_of(context, verified, application));
  Credential credential;
  credential.caller = std::move(caller);
  credential.sub = claims.subject;
  credential.sid = claims.sid;
  credential.jti = claims.jti;
  credential.issued_at = claims.issued_at.value_or(0);
  return credential;
}

Result<Unit> admit_any(Context& context, std::string_view tenant, const http::Request& request) {
  CLAVIGER_TRY(verified, verify(context, tenant, request));
  Error last{Code::BearerScope, "xcap.scope"};
  for (const std::string_view scope : {std::string_view("3gpp:mc:ptt_config_management_service"),
                                       std::string_view("3gpp:mc:video_config_management_service"),
                                       std::string_view("3gpp:mc:data_config_management_service"),
                                       std::string_view("3gpp:seal:config_management"), kWriteScope}) {
    const auto checked = check_scope(verified, scope);
    if (checked) return Unit{};
    if (checked.error().code != Code::BearerScope) last = checked.error();
  }
  return last;
}

Result<Unit> check_may_read(const Caller& caller, const DocumentName& name) {
  if (caller.role != Role::User || name.tree == Tree::Global) return Unit{};
  // TS 23.434 clause 11.3.4.2.1: of a VAL user ID or a VAL UE ID.
  const bool is_own = caller.identity == name.xui || is_ue_of(caller.ue_identity, name.xui);
  if (!is_own) return Error{Code::ProfileOfAnother, "xcap.xui"};
  return Unit{};
}

}  // namespace claviger::configuration
