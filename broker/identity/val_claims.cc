#include "broker/identity/val_claims.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/tables.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// A service may stand in several configurations.
constexpr std::size_t kRowsMax = 4 * kValServicesMax;

// The VAL service IDs of one identity, each once, in order.
Task<Result<std::vector<std::string>>> services_of(Context* context, std::string tenant, std::string kind,
                                                   std::string identity) {
  const std::string prefix = broker::record_prefix({tenant, kind, identity});
  CLAVIGER_CO_TRY(rows, co_await context->store.range(broker::tables::kValIdentities, prefix,
                                                      broker::record_prefix_end(prefix), kRowsMax));
  std::vector<std::string> services;
  for (const storage::Record& row : rows) {
    const std::string_view rest = std::string_view(row.key).substr(prefix.size());
    const std::string_view service = rest.substr(0, rest.find('\0'));
    if (!services.empty() && services.back() == service) continue;
    if (services.size() == kValServicesMax) break;
    services.emplace_back(service);
  }
  co_return services;
}

bool is_wanted(const std::vector<std::string>& wanted, const std::string& service) {
  return wanted.empty() || std::ranges::find(wanted, service) != wanted.end();
}

std::vector<std::string> wanted_services(const std::vector<std::string>& scopes) {
  std::vector<std::string> wanted;
  for (const std::string& scope : scopes) {
    if (is_val_scope(scope)) wanted.push_back(scope.substr(kValScope.size()));
  }
  return wanted;
}

void drop_scopes(const std::vector<std::string>& services, std::vector<std::string>& scopes) {
  std::erase_if(scopes, [&](const std::string& scope) {
    return scope.starts_with(kValScope) &&
           std::ranges::find(services, std::string_view(scope).substr(kValScope.size())) == services.end();
  });
}

}  // namespace

Task<Result<Unit>> add_val_claims(Context* context, std::string tenant, ClientProfile profile, GrantedSession* granted) {
  const std::vector<std::string> wanted = wanted_services(granted->scopes);
  if (profile != ClientProfile::Val && wanted.empty()) co_return Unit{};
  ValClaims claims;
  for (std::size_t i = 0; i < granted->val_user_ids.size() && claims.service_ids.empty(); ++i) {
    const std::string id = granted->val_user_ids[i];
    CLAVIGER_CO_TRY(services, co_await services_of(context, tenant, "user", id));
    std::erase_if(services, [&](const std::string& service) { return !is_wanted(wanted, service); });
    if (!services.empty() || i == 0) claims.user_id = id;
    claims.service_ids = std::move(services);
  }
  if (!granted->session.ue_id.empty()) {
    const std::string ue_id = granted->session.ue_id;
    CLAVIGER_CO_TRY(services, co_await services_of(context, tenant, "ue", ue_id));
    if (!services.empty()) claims.ue_id = ue_id;
    for (std::string& service : services) {
      const bool is_new = std::ranges::find(claims.service_ids, service) == claims.service_ids.end();
      if (is_new && is_wanted(wanted, service)) claims.service_ids.push_back(std::move(service));
    }
  }
  drop_scopes(claims.service_ids, granted->scopes);
  if (profile == ClientProfile::Val) granted->val = std::move(claims);
  co_return Unit{};
}

}  // namespace claviger::identity
