#include "broker/provisioning/val_server.h"

#include <algorithm>

#include "broker/identity/bearer.h"
#include "broker/identity/client_procedures.h"
#include "broker/identity/proxies.h"
#include "broker/identity/token_holder.h"
#include "broker/tokens/issuer.h"
#include "broker/tokens/token_shard.h"

namespace claviger::provisioning {
namespace {

using broker::Context;
using runtime::Task;

bool is_for_this_api(const tokens::Claims& claims, const tenants::Tenant& tenant) {
  const std::vector<std::string_view> wanted = tokens::audiences_of(tenant, {kScope});
  return std::ranges::any_of(wanted, [&](std::string_view audience) { return claims.audiences.contains(audience); });
}

// The client_id of a good token.
Result<std::string> client_of(Context& context, std::string_view tenant, const http::Request& request) {
  CLAVIGER_TRY(caller, identity::read_caller(*context.snapshot->settings, request));
  if (caller.bearer.empty()) return Error{Code::AssertedIdentityRefused, "provisioning.asserted"};
  const std::string_view token = caller.bearer;
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) return Error{Code::NotFound, "provisioning.tenant"};
  CLAVIGER_TRY(verified, context.tokens->verify_own(*view, token));
  const tokens::Claims& claims = *verified;
  if (!identity::is_holder(claims, request)) return Error{Code::TokenBinding, "provisioning.cnf"};
  if (!is_for_this_api(claims, view->tenant)) return Error{Code::TokenAudience, "provisioning.aud"};
  // A user's application that got hold of the scope acts for him, not for a VAL server.
  if (!claims.sid.empty() || claims.subject != claims.client_id) return Error{Code::TokenSubject, "provisioning.sub"};
  if (!claims.has_scope(kScope)) return Error{Code::BearerScope, "provisioning.scope"};
  return std::string(claims.client_id);
}

}  // namespace

Task<Result<ValServer>> authenticate(Context* context, std::string tenant, const http::Request* request) {
  CLAVIGER_CO_TRY(client_id, client_of(*context, tenant, *request));
  CLAVIGER_CO_TRY(client, co_await identity::find_client(context, tenant, client_id));
  if (!client.is_enabled || !client.may_client_credentials) co_return Error{Code::ClientDisabled, "provisioning.client"};
  if (client.val_server_id.empty()) co_return Error{Code::NotPermitted, "provisioning.client"};
  ValServer server;
  server.client_id = std::move(client.client_id);
  server.id = std::move(client.val_server_id);
  server.services = std::move(client.val_services);
  co_return server;
}

}  // namespace claviger::provisioning
