// Reading users and claiming what is theirs alone: login names and MC identities.
//
// Used by the procedures of this folder, on whichever shard they run: the expectations they put into a transaction are
// what guards them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/identity/owned_domains.h"
#include "broker/identity/user.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

// UserUnknown.
runtime::Task<Result<User>> read_user(broker::Context* context, std::string tenant, std::string sub);
// The sub of a canonical login name. UserUnknown.
runtime::Task<Result<std::string>> read_login(broker::Context* context, std::string tenant, std::string login);

// Expectations and rows by which a new user, or one that has another login or other identities than `before`, owns
// them when the transaction commits. LoginTaken, McIdentityTaken: somebody else has, or had, one of them.
runtime::Task<Result<storage::Transaction>> claim_names(broker::Context* context, std::string tenant, User user,
                                                        User before);
// The same for one of a batch: `domains` was read for all of them, and whoever commits guards it.
runtime::Task<Result<storage::Transaction>> claim_names_in(broker::Context* context, std::string tenant,
                                                           std::shared_ptr<const NameDomains> domains, User user,
                                                           User before);
// Of the tenant, enabled or not. NotFound.
Result<const broker::TenantView*> tenant_of(const broker::Context& context, std::string_view tenant);

// The value of kMcIdentities: who owns an identity for ever.
std::string encode_owner(std::string_view tenant, std::string_view sub);
struct IdentityOwner {
  std::string tenant;
  std::string sub;
};
Result<IdentityOwner> decode_owner(const storage::Value& value);

}  // namespace claviger::identity
