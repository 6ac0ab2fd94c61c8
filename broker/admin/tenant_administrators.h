// Administrators of one tenant: local users who may do, over the admin socket, what concerns its people, and nothing else.
//
// Rows of tables::kAuthenticators, key tenant + "" + "administrator" + uid, beside the tenant's policies. Only whoever
// administers the whole installation (admin_uids) names them. Read at each call of somebody who is nobody else, so that one
// who was taken off the list is off it at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::admin {

// A tenant's: a handful of people and scripts.
inline constexpr std::size_t kTenantAdministratorsMax = 64;

// Is this verb about the people of a tenant: users, authenticators, policies, sessions, UEs, consents? Not clients, keys,
// partners or the tenant itself; nor the outside verifier: where the daemon connects to is the installation's business.
bool is_about_people(std::string_view verb_name, std::string_view pattern);

runtime::Task<Result<bool>> is_tenant_administrator(broker::Context* context, std::string tenant, std::uint32_t uid);
runtime::Task<Result<std::vector<std::uint32_t>>> list_tenant_administrators(broker::Context* context,
                                                                             std::string tenant);
// TooMany.
runtime::Task<Result<Unit>> add_tenant_administrator(broker::Context* context, std::string tenant, std::uint32_t uid);
runtime::Task<Result<Unit>> remove_tenant_administrator(broker::Context* context, std::string tenant,
                                                        std::uint32_t uid);

}  // namespace claviger::admin
