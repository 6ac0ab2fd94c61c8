// Which resource servers an access token is for (RFC 8707): `resource`, once or several times, in an authorization
// request, where it narrows all that comes of the grant, and in a token request, where it narrows that one token.
//
// What a token is for follows from its scopes: each leads to a resource server of the tenant, or to none in particular.
// To narrow is to leave out the scopes that lead elsewhere, so that no server holds a token that is good at another one
// (clause 2.2), and what a grant was narrowed to cannot be had again later. Pure functions, any thread; views into what
// was passed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/scope_grant.h"
#include "broker/tenants/tenant.h"
#include "core/base/result.h"
#include "core/codec/form.h"

namespace claviger::identity {

// The services of TS 33.180 have ten audiences.
inline constexpr std::size_t kResourcesMax = 16;

using Resources = std::vector<std::string>;

// The values in their order, repetitions dropped. TargetUnknown: too many, or not an absolute URI without a fragment.
Result<Resources> read_resources(const codec::Form& form);

struct Aim {
  ScopeList scopes;
  std::vector<std::string_view> audiences;  // at least one
};
// Without resources: all that the scopes lead to. TargetUnknown: a resource is neither where one of them leads nor the
// tenant's default audience, or no scope would be left.
Result<Aim> aim_at(const tenants::Tenant& tenant, ScopeList scopes, const Resources& resources);

// The same, of what outlives the tenant's view.
struct Aimed {
  std::vector<std::string> scopes, audiences;
};
Result<Aimed> aimed_at(const tenants::Tenant& tenant, const std::vector<std::string>& scopes,
                       const Resources& resources);

// True when each is the default audience of the tenant or some scope's: asked before anything is looked up or spent.
bool are_known_resources(const tenants::Tenant& tenant, const Resources& resources);

}  // namespace claviger::identity
