#include "broker/identity/user_update.h"

#include <algorithm>
#include <vector>

#include "broker/identity/identity_shard.h"
#include "broker/identity/session_records.h"
#include "broker/identity/status_row.h"
#include "broker/identity/user_draft.h"
#include "broker/identity/user_records.h"
#include "broker/identity/user_revocations.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Task<Result<User>> update_at_home(Context* context, std::string tenant, std::string sub, UserEdit edit,
                                  Sessions sessions) {
  auto turn = co_await context->identity->turns().take(home_name("user", tenant, sub));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(before, co_await read_user(context, tenant, sub));
    const WallTime now = context->shard.wall();
    User user = before;
    CLAVIGER_CO_TRY(edited, edit(user, numeric_date(now)));
    std::vector<tokens::Revocation> revocations;
    if (sessions == Sessions::End || takes_away(before, user)) {
      CLAVIGER_CO_TRY(his, co_await revocations_of_user(context, tenant, sub));
      revocations = std::move(his);
    }
    if (sessions == Sessions::End) {
      // A clock may step back, and seconds pass while his sessions are looked at: whoever may sign in again gets tokens that
      // the revocation does not mean.
      user.not_before = std::max(user.not_before, revocations.front().not_before);
    }
    const std::uint64_t version = before.version;
    const bool has_other_status = user.status != before.status;
    CLAVIGER_CO_TRY(transaction, co_await claim_names(context, tenant, user, std::move(before)));
    transaction.expect_version(tables::kUsers, user_key(tenant, sub), version);
    transaction.put(tables::kUsers, user_key(tenant, sub), as_bytes(encode_user(user)));
    for (const tokens::Revocation& revocation : revocations) tokens::add_revocation(transaction, tenant, revocation);
    if (has_other_status) {
      std::vector<std::string> subs{sub};
      CLAVIGER_CO_TRY(owed, put_status_row(*context, transaction, tenant, subs));
    }
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    user.version = committed->sequence;
    CLAVIGER_CO_TRY(published, co_await tokens::publish_revocations(context, revocations));
    if (sessions == Sessions::End) {
      CLAVIGER_CO_TRY(marked, co_await mark_sessions_revoked(context, tenant, sub));
    } else if (!revocations.empty()) {
      CLAVIGER_CO_TRY(rest, co_await revoke_the_rest(context, tenant, sub, std::move(revocations)));
    }
    co_return user;
  }
  co_return Error{Code::Conflict, "user.update"};
}

}  // namespace

bool takes_away(const User& before, const User& after) {
  const auto has = identities_of(after);
  for (const auto& identity : identities_of(before)) {
    if (std::ranges::find(has, identity) == has.end()) return true;
  }
  if (after.scopes.empty()) return false;  // all that his identities allow
  if (before.scopes.empty()) return true;
  return std::ranges::any_of(before.scopes, [&](const std::string& scope) {
    return std::ranges::find(after.scopes, scope) == after.scopes.end();
  });
}

Task<Result<User>> update_user(Context* context, std::string tenant, std::string sub, UserEdit edit,
                               Sessions sessions) {
  if (sub.find('\0') != std::string::npos) co_return Error{Code::UserUnknown, "user.sub"};
  runtime::Shard* home = &context->home_of(home_name("user", tenant, sub));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), sub = std::move(sub), edit = std::move(edit), sessions]() mutable {
    return update_at_home(there, std::move(tenant), std::move(sub), std::move(edit), sessions);
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

}  // namespace claviger::identity
