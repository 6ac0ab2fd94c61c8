// Where a tenant's endpoints are: below "<public_origin>/idms/v1/<tenant>", whatever its issuer is called.
//
// Pure functions, any thread.
#pragma once

#include <string>

#include "broker/settings/settings.h"
#include "broker/tenants/tenant.h"

namespace claviger::identity {

inline std::string endpoint_base(const settings::Settings& settings, const tenants::Tenant& tenant) {
  if (settings.public_origin.empty()) return tenant.issuer;
  return settings.public_origin + "/idms/v1/" + tenant.name;
}
inline std::string token_endpoint_url(const settings::Settings& settings, const tenants::Tenant& tenant) {
  return endpoint_base(settings, tenant) + "/token";
}

}  // namespace claviger::identity
