#include "broker/keys/known_identity.h"

#include <vector>

#include "broker/identity/identity_shard.h"
#include "broker/identity/user_records.h"
#include "broker/keys/domain.h"
#include "broker/keys/group_server.h"
#include "broker/keys/user_policy.h"
#include "broker/tables.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// His who was removed stays taken, and counts.
Task<Result<bool>> is_users(Context* context, std::string tenant, std::string user_uri) {
  const std::vector<std::string> kinds{"mcptt", "mcvideo", "mcdata"};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    auto value = co_await context->store.get(tables::kMcIdentities, identity::mc_identity_key(kinds[i], user_uri));
    if (value.failed_with(Code::NotFound)) continue;
    if (!value) co_return value.error();
    CLAVIGER_CO_TRY(owner, identity::decode_owner(*value));
    if (owner.tenant == tenant) co_return true;
  }
  co_return false;
}

}  // namespace

Task<Result<Unit>> check_identity(Context* context, std::string tenant, std::string user_uri) {
  CLAVIGER_CO_TRY(uri, check_uri(user_uri));
  CLAVIGER_CO_TRY(is_user, co_await is_users(context, tenant, user_uri));
  if (is_user) co_return Unit{};
  const auto policy = co_await context->store.get(tables::kKmsUsers, user_policy_key(tenant, user_uri));
  if (policy) co_return Unit{};
  if (!policy.failed_with(Code::NotFound)) co_return policy.error();
  const auto server = co_await find_group_server(context, std::move(tenant), std::move(user_uri));
  if (server) co_return Unit{};
  if (!server.failed_with(Code::GroupServerUnknown)) co_return server.error();
  co_return Error{Code::UserUnknown, "kms.user"};
}

}  // namespace claviger::keys
