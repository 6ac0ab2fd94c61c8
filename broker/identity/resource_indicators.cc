#include "broker/identity/resource_indicators.h"

#include <algorithm>

#include "broker/tokens/issuer.h"
#include "core/codec/uri.h"

namespace claviger::identity {
namespace {

constexpr Error kUnknown{Code::TargetUnknown, "resource"};

template <typename List>
bool contains(const List& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

}  // namespace

Result<Resources> read_resources(const codec::Form& form) {
  Resources resources;
  for (const codec::FormField& field : form.fields()) {
    // RFC 6749 clause 3.1: empty is absent.
    if (field.name != "resource" || field.value.empty() || contains(resources, field.value)) continue;
    if (resources.size() == kResourcesMax || !codec::parse_absolute_uri(field.value)) return kUnknown;
    resources.emplace_back(field.value);
  }
  return resources;
}

Result<Aim> aim_at(const tenants::Tenant& tenant, ScopeList scopes, const Resources& resources) {
  const std::vector<std::string_view> opened = tokens::audiences_of(tenant, scopes);
  if (resources.empty()) return Aim{std::move(scopes), opened};
  Aim aim;
  for (const std::string& resource : resources) {
    if (resource != tenant.default_audience && !contains(opened, resource)) return kUnknown;
    aim.audiences.emplace_back(resource);
  }
  for (const std::string_view scope : scopes) {
    const auto leads = tenant.scope_audiences.find(scope);
    if (leads == tenant.scope_audiences.end() || contains(aim.audiences, leads->second)) aim.scopes.push_back(scope);
  }
  if (aim.scopes.empty()) return kUnknown;
  return aim;
}

Result<Aimed> aimed_at(const tenants::Tenant& tenant, const std::vector<std::string>& scopes,
                       const Resources& resources) {
  CLAVIGER_TRY(aim, aim_at(tenant, {scopes.begin(), scopes.end()}, resources));
  Aimed aimed;
  aimed.scopes.assign(aim.scopes.begin(), aim.scopes.end());
  aimed.audiences.assign(aim.audiences.begin(), aim.audiences.end());
  return aimed;
}

bool are_known_resources(const tenants::Tenant& tenant, const Resources& resources) {
  return std::ranges::all_of(resources, [&](const std::string& resource) {
    return resource == tenant.default_audience ||
           std::ranges::any_of(tenant.scope_audiences, [&](const auto& leads) { return leads.second == resource; });
  });
}

}  // namespace claviger::identity
