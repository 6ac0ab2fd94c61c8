#include "broker/identity/user_procedures.h"

#include <algorithm>
#include <utility>

#include "broker/identity/authenticators/authenticator_record.h"
#include "broker/identity/authenticators/failed_codes.h"
#include "broker/identity/authenticators/password_length.h"
#include "broker/identity/former_hash.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/password_pool.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user_draft.h"
#include "broker/identity/user_records.h"
#include "broker/identity/user_revocations.h"
#include "broker/identity/user_update.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/call.h"
#include "storage/page.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Task<Result<User>> create_at_home(Context* context, std::string tenant, User user) {
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    User nobody;
    CLAVIGER_CO_TRY(transaction, co_await claim_names(context, tenant, user, std::move(nobody)));
    const std::string key = user_key(tenant, user.sub);
    transaction.expect_absent(tables::kUsers, key);
    transaction.put(tables::kUsers, key, as_bytes(encode_user(user)));
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) {
      user.version = committed->sequence;
      co_return user;
    }
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "user.create"};
}

Task<Result<Unit>> remove_at_home(Context* context, std::string tenant, std::string sub) {
  auto turn = co_await context->identity->turns().take(home_name("user", tenant, sub));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(user, co_await read_user(context, tenant, sub));
    CLAVIGER_CO_TRY(revocations, co_await revocations_of_user(context, tenant, sub));
    CLAVIGER_CO_TRY(authenticators, co_await read_authenticators(context, tenant, sub));
    storage::Transaction transaction;
    erase_authenticators(transaction, tenant, sub, authenticators);
    forget_wrong_codes(transaction, tenant, sub);
    forget_former_hashes(transaction, tenant, sub);
    transaction.expect_version(tables::kUsers, user_key(tenant, sub), user.version);
    transaction.erase(tables::kUsers, user_key(tenant, sub));
    transaction.erase(tables::kLogins, login_key(tenant, user.login));
    // kMcIdentities stays: what was his is nobody else's (TS 23.280; spec 3.2).
    for (const tokens::Revocation& revocation : revocations) tokens::add_revocation(transaction, tenant, revocation);
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    CLAVIGER_CO_TRY(published, co_await tokens::publish_revocations(context, std::move(revocations)));
    co_return co_await erase_sessions(context, tenant, sub);
  }
  co_return Error{Code::Conflict, "user.remove"};
}

Task<Result<Unit>> without_user(Task<Result<User>> updating) {
  auto updated = co_await std::move(updating);
  if (!updated) co_return updated.error();
  co_return Unit{};
}

}  // namespace

Task<Result<User>> create_user(Context* context, std::string tenant, UserDraft draft) {
  CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
  CLAVIGER_CO_TRY(user, user_of(draft));
  const std::int64_t now = numeric_date(context->shard.wall());
  CLAVIGER_CO_TRY(sub, context->tokens->random_id());
  user.sub.assign(sub.data(), sub.size());
  user.created_at = now;
  if (!draft.password.empty() || !draft.password_hash.empty()) user.password_changed_at = now;
  if (!draft.password.empty()) {
    CLAVIGER_CO_TRY(long_enough,
                    co_await check_password_length(context, tenant, characters_of(draft.password.reveal())));
    CLAVIGER_CO_TRY(hash, co_await hash_password(context, std::move(draft.password)));
    user.password_hash = std::move(hash);
  }
  runtime::Shard* home = &context->home_of(home_name("user", tenant, user.sub));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), user = std::move(user)]() mutable {
    return create_at_home(there, std::move(tenant), std::move(user));
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

Task<Result<User>> change_user(Context* context, std::string tenant, std::string sub, UserChange change) {
  UserEdit edit = [change = std::move(change)](User& user, std::int64_t) { return apply_change(change, user); };
  return update_user(context, std::move(tenant), std::move(sub), std::move(edit), Sessions::Keep);
}

Task<Result<Unit>> set_password(Context* context, std::string tenant, std::string sub, SecretBytes password) {
  CLAVIGER_CO_TRY(checked, check_password(password));
  CLAVIGER_CO_TRY(known, co_await read_user(context, tenant, sub));
  CLAVIGER_CO_TRY(long_enough, co_await check_password_length(context, tenant, characters_of(password.reveal())));
  CLAVIGER_CO_TRY(hash, co_await hash_password(context, std::move(password)));
  UserEdit edit = [hash = std::move(hash)](User& user, std::int64_t now) {
    user.password_hash = hash;
    user.password_changed_at = now;
    return Result<Unit>(Unit{});
  };
  auto updating = update_user(context, std::move(tenant), std::move(sub), std::move(edit), Sessions::End);
  co_return co_await without_user(std::move(updating));
}

Task<Result<Unit>> enable_user(Context* context, std::string tenant, std::string sub) {
  UserEdit edit = [](User& user, std::int64_t) {
    user.status = UserStatus::Enabled;
    return Result<Unit>(Unit{});
  };
  CLAVIGER_CO_TRY(enabled, co_await update_user(context, tenant, sub, std::move(edit), Sessions::Keep));
  storage::Transaction transaction;
  forget_wrong_codes(transaction, tenant, sub);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  co_return Unit{};
}

Task<Result<Unit>> disable_user(Context* context, std::string tenant, std::string sub) {
  UserEdit edit = [](User& user, std::int64_t) {
    user.status = UserStatus::Disabled;
    return Result<Unit>(Unit{});
  };
  return without_user(update_user(context, std::move(tenant), std::move(sub), std::move(edit), Sessions::End));
}

Task<Result<Unit>> remove_user(Context* context, std::string tenant, std::string sub) {
  runtime::Shard* home = &context->home_of(home_name("user", tenant, sub));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), sub = std::move(sub)]() mutable {
    return remove_at_home(there, std::move(tenant), std::move(sub));
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

Task<Result<User>> find_user(Context* context, std::string tenant, std::string sub) {
  return read_user(context, std::move(tenant), std::move(sub));
}

Task<Result<User>> find_user_by_login(Context* context, std::string tenant, std::string login) {
  const auto canonical = canonical_login(login);
  if (!canonical) co_return Error{Code::UserUnknown, "user.login"};
  CLAVIGER_CO_TRY(sub, co_await read_login(context, tenant, *canonical));
  co_return co_await read_user(context, tenant, sub);
}

Task<Result<User>> find_user_by_mc_identity(Context* context, std::string tenant, std::string kind,
                                            std::string identity) {
  if (identity.find('\0') != std::string::npos || kind.find('\0') != std::string::npos) {
    co_return Error{Code::UserUnknown, "user.mc_identity"};
  }
  auto value = co_await context->store.get(tables::kMcIdentities, mc_identity_key(kind, identity));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::UserUnknown, "user.mc_identity"};
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(owner, decode_owner(*value));
  if (owner.tenant != tenant) co_return Error{Code::UserUnknown, "user.mc_identity"};
  CLAVIGER_CO_TRY(user, co_await read_user(context, tenant, owner.sub));
  for (const auto& [has_kind, has] : identities_of(user)) {
    // In whatever writing: the row is of all of them.
    if (has_kind == kind && mc_identity_key(kind, has) == mc_identity_key(kind, identity)) co_return user;
  }
  co_return Error{Code::UserUnknown, "user.mc_identity"};  // he had it once
}

Task<Result<UserPage>> list_users(Context* context, std::string tenant, std::string after, std::size_t limit) {
  const std::string prefix = broker::record_prefix({tenant});
  const std::size_t count = std::clamp<std::size_t>(limit, 1, storage::kRangeMax);
  // The least key behind `after`'s.
  const std::string from = after.empty() ? prefix : prefix + after + '\0';
  auto records = co_await context->store.range(tables::kUsers, from, broker::record_prefix_end(prefix), count);
  if (!records) co_return records.error();
  UserPage page;
  page.users.reserve(records->size());
  for (const storage::Record& record : *records) {
    CLAVIGER_CO_TRY(user, decode_user(record.value, std::string_view(record.key).substr(prefix.size())));
    page.users.push_back(std::move(user));
  }
  if (storage::is_full_page(*records, count)) page.next = page.users.back().sub;
  co_return page;
}

}  // namespace claviger::identity
