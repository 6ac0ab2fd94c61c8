#include "broker/migration/system_caller.h"

#include <algorithm>

#include "broker/identity/bearer.h"
#include "broker/identity/client_procedures.h"
#include "broker/tokens/issuer.h"
#include "broker/tokens/token_shard.h"

namespace claviger::migration {
namespace {

using broker::Context;
using runtime::Task;

// RFC 8705 clause 3. A token without a certificate is good for whoever has it: not here.
bool is_holder(const tokens::Claims& claims, const http::Request& request) {
  return claims.confirmation && !claims.confirmation->key && claims.confirmation->certificate &&
         claims.confirmation->certificate == request.peer->certificate_digest;
}

bool is_for_this_api(const tokens::Claims& claims, const tenants::Tenant& tenant) {
  const std::vector<std::string_view> wanted = tokens::audiences_of(tenant, {kMigrationScope});
  return std::ranges::any_of(wanted, [&](std::string_view audience) { return claims.audiences.contains(audience); });
}

Result<std::string> client_of(Context& context, std::string_view tenant, const http::Request& request) {
  CLAVIGER_TRY(token, identity::read_bearer(request));
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) return Error{Code::NotFound, "migration.tenant"};
  CLAVIGER_TRY(verified, context.tokens->verify_own(*view, token));
  const tokens::Claims& claims = *verified;
  if (!is_holder(claims, request)) return Error{Code::TokenBinding, "migration.cnf"};
  if (!is_for_this_api(claims, view->tenant)) return Error{Code::TokenAudience, "migration.aud"};
  if (!claims.sid.empty() || claims.subject != claims.client_id) return Error{Code::TokenSubject, "migration.sub"};
  if (!claims.has_scope(kMigrationScope)) return Error{Code::BearerScope, "migration.scope"};
  return std::string(claims.client_id);
}

}  // namespace

Task<Result<AgreementRef>> authenticate_system(Migration* migration, std::string tenant, const http::Request* request) {
  Context* context = migration->contexts()[runtime::Shard::current().index()].get();
  CLAVIGER_CO_TRY(client_id, client_of(*context, tenant, *request));
  CLAVIGER_CO_TRY(client, co_await identity::find_client(context, tenant, client_id));
  if (!client.is_enabled || !client.may_client_credentials) co_return Error{Code::ClientDisabled, "migration.client"};
  AgreementRef agreement = migration->table()->find_caller(tenant, client_id);
  if (agreement == nullptr) co_return Error{Code::NotPermitted, "migration.caller"};
  const std::int64_t now = numeric_date(context->shard.wall());
  CLAVIGER_CO_TRY(in_force, check_in_force(agreement->agreement, now));
  co_return agreement;
}

}  // namespace claviger::migration
