#include "broker/keys/user_procedures.h"

#include <functional>

#include "broker/identity/client_procedures.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/user_records.h"
#include "broker/keys/kms.h"
#include "broker/keys/known_identity.h"
#include "broker/tables.h"
#include "core/runtime/call.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// An operator's lists of KMSs: partners of one agency.
constexpr std::size_t kListMax = 64;
constexpr std::size_t kReasonMax = 255;

using Edit = std::function<void(UserPolicy&)>;

bool says_nothing(const UserPolicy& policy) {
  return !policy.is_revoked && policy.migration_kms.empty() && policy.external_kms.empty() && policy.client_id.empty();
}

Task<Result<UserPolicy>> change_at_home(Kms* kms, Context* context, std::string tenant, std::string user_uri,
                                        Edit edit) {
  auto turn = co_await context->identity->turns().take(identity::home_name("kms-user", tenant, user_uri));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(policy, co_await read_user_policy(context, tenant, user_uri));
  edit(policy);
  const std::string key = user_policy_key(tenant, user_uri);
  const bool is_new = policy.version == 0;
  if (is_new && says_nothing(policy)) co_return policy;  // as it was
  if (is_new) kms->policies().add(key);                  // before anybody can be told that it is there
  storage::Transaction transaction;
  transaction.expect_version(tables::kKmsUsers, key, policy.version);
  if (says_nothing(policy)) {
    transaction.erase(tables::kKmsUsers, key);  // as most users
  } else {
    transaction.put(tables::kKmsUsers, key, as_bytes(encode_user_policy(policy)));
  }
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  if (says_nothing(policy)) kms->policies().remove(key);  // and served as most users are
  policy.version = says_nothing(policy) ? 0 : committed.sequence;
  co_return policy;
}

Task<Result<UserPolicy>> change(Kms* kms, Context* context, std::string tenant, std::string user_uri, Edit edit) {
  CLAVIGER_CO_TRY(checked, check_uri(user_uri));
  runtime::Shard* home = &context->home_of(identity::home_name("kms-user", tenant, user_uri));
  Context* there = &context->at(*home);
  auto start = [kms, there, tenant = std::move(tenant), user_uri = std::move(user_uri), edit = std::move(edit)] {
    return change_at_home(kms, there, tenant, user_uri, edit);
  };
  auto changed = co_await runtime::call_on(home, std::move(start));
  co_return changed;
}

}  // namespace

Task<Result<UserPolicy>> read_user_policy(Context* context, std::string tenant, std::string user_uri) {
  auto value = co_await context->store.get(tables::kKmsUsers, user_policy_key(tenant, user_uri));
  if (value) co_return decode_user_policy(*value, user_uri);
  if (!value.failed_with(Code::NotFound)) co_return value.error();
  UserPolicy none;
  none.user_uri = std::move(user_uri);
  co_return none;
}

Task<Result<std::int64_t>> user_since(Context* context, std::string tenant, std::string user_uri) {
  for (std::size_t kind = 0; kind < kIdentityKinds;) {
    CLAVIGER_CO_TRY(owner, co_await next_owner(context, tenant, user_uri, &kind));
    if (!owner) break;
    auto user = co_await identity::read_user(context, tenant, owner->sub);
    if (user.failed_with(Code::UserUnknown)) continue;  // removed: his identities stay taken
    if (!user) co_return user.error();
    co_return user->created_at;
  }
  co_return Error{Code::UserUnknown, "kms.user"};
}

Task<Result<UserPolicy>> revoke_user(Kms* kms, Context* context, std::string tenant, std::string user_uri,
                                     std::string reason) {
  if (reason.size() > kReasonMax) co_return Error{Code::BadValue, "reason"};
  const std::int64_t now = numeric_date(context->shard.wall());
  Edit edit = [reason = std::move(reason), now](UserPolicy& policy) {
    policy.is_revoked = true;
    policy.revoked_at = now;
    policy.reason = reason;
  };
  auto done = co_await change(kms, context, std::move(tenant), std::move(user_uri), std::move(edit));
  co_return done;
}

Task<Result<UserPolicy>> restore_user(Kms* kms, Context* context, std::string tenant, std::string user_uri) {
  Edit edit = [](UserPolicy& policy) {
    policy.is_revoked = false;
    policy.revoked_at = 0;
    policy.reason.clear();
  };
  auto done = co_await change(kms, context, std::move(tenant), std::move(user_uri), std::move(edit));
  co_return done;
}

Task<Result<UserPolicy>> change_user_kms(Kms* kms, Context* context, std::string tenant, std::string user_uri,
                                         UserKmsChange wanted) {
  for (const auto* list : {&wanted.migration_kms, &wanted.external_kms}) {
    if (!*list) continue;
    if ((*list)->size() > kListMax) co_return Error{Code::TooMany, "kms"};
    for (const std::string& uri : **list) {
      CLAVIGER_CO_TRY(checked, check_uri(uri));
    }
  }
  std::int64_t client_since = 0;
  if (wanted.client_id && !wanted.client_id->empty()) {
    CLAVIGER_CO_TRY(client, co_await identity::find_client(context, tenant, *wanted.client_id));
    client_since = client.created_at;
  }
  Edit edit = [wanted = std::move(wanted), client_since](UserPolicy& policy) {
    if (wanted.migration_kms) policy.migration_kms = *wanted.migration_kms;
    if (wanted.external_kms) policy.external_kms = *wanted.external_kms;
    if (!wanted.client_id) return;
    policy.client_id = *wanted.client_id;
    policy.client_since = client_since;
  };
  auto done = co_await change(kms, context, std::move(tenant), std::move(user_uri), std::move(edit));
  co_return done;
}

Task<Result<UserPolicy>> set_user_kms(Kms* kms, Context* context, std::string tenant, UserPolicy wanted) {
  UserKmsChange all{std::move(wanted.migration_kms), std::move(wanted.external_kms), std::move(wanted.client_id)};
  auto done = co_await change_user_kms(kms, context, std::move(tenant), std::move(wanted.user_uri), std::move(all));
  co_return done;
}

}  // namespace claviger::keys
