// Where a tenant's endpoints are: below "<public_origin>/idms/v1/<tenant>", whatever its issuer is called.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/settings/settings.h"
#include "broker/tenants/tenant.h"

namespace claviger::identity {

inline std::string endpoint_base(const settings::Settings& settings, const tenants::Tenant& tenant) {
  if (settings.public_origin.empty()) return tenant.issuer;
  return settings.public_origin + "/idms/v1/" + tenant.name;
}
// The same as whoever sent this request knows it: a listener with an origin of its own is meant when its authority is.
inline std::string endpoint_base_at(const settings::Settings& settings, const tenants::Tenant& tenant,
                                    std::string_view authority) {
  constexpr std::size_t kSchemeBytes = 8;  // https://
  for (const settings::HttpsListener& listener : settings.https) {
    if (listener.public_origin.size() <= kSchemeBytes) continue;
    if (std::string_view(listener.public_origin).substr(kSchemeBytes) != authority) continue;
    return listener.public_origin + "/idms/v1/" + tenant.name;
  }
  return endpoint_base(settings, tenant);
}
inline std::string token_endpoint_url(const settings::Settings& settings, const tenants::Tenant& tenant) {
  return endpoint_base(settings, tenant) + "/token";
}

}  // namespace claviger::identity
