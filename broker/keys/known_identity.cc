#include "broker/keys/known_identity.h"

#include <array>
#include <string_view>
#include <utility>

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

constexpr std::array<std::string_view, kIdentityKinds> kKinds{"mcptt", "mcvideo", "mcdata"};

}  // namespace

Task<Result<std::optional<identity::IdentityOwner>>> next_owner(Context* context, std::string tenant,
                                                                std::string user_uri, std::size_t* kind) {
  while (*kind < kIdentityKinds) {
    std::string key = identity::mc_identity_key(kKinds[(*kind)++], user_uri);
    auto value = co_await context->store.get(tables::kMcIdentities, std::move(key));
    if (value.failed_with(Code::NotFound)) continue;
    if (!value) co_return value.error();
    CLAVIGER_CO_TRY(owner, identity::decode_owner(*value));
    if (owner.tenant == tenant) co_return std::optional(std::move(owner));
  }
  co_return std::optional<identity::IdentityOwner>();
}

Task<Result<Unit>> check_identity(Context* context, std::string tenant, std::string user_uri) {
  CLAVIGER_CO_TRY(uri, check_uri(user_uri));
  std::size_t kind = 0;
  CLAVIGER_CO_TRY(owner, co_await next_owner(context, tenant, user_uri, &kind));
  if (owner) co_return Unit{};  // his who was removed stays taken, and counts
  const auto policy = co_await context->store.get(tables::kKmsUsers, user_policy_key(tenant, user_uri));
  if (policy) co_return Unit{};
  if (!policy.failed_with(Code::NotFound)) co_return policy.error();
  const auto server = co_await find_group_server(context, std::move(tenant), std::move(user_uri));
  if (server) co_return Unit{};
  if (!server.failed_with(Code::GroupServerUnknown)) co_return server.error();
  co_return Error{Code::UserUnknown, "kms.user"};
}

}  // namespace claviger::keys
