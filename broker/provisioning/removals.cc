#include "broker/provisioning/removals.h"

#include <algorithm>

#include "broker/identity/client_procedures.h"
#include "broker/identity/session_end.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user.h"
#include "broker/identity/user_records.h"
#include "broker/identity/val_identity.h"
#include "broker/provisioning/identity_rows.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "storage/page.h"

namespace claviger::provisioning {
namespace {

namespace tables = broker::tables;
using broker::Context;
using identity::Session;
using runtime::Task;

// Of one user or UE; more than a page are read page by page.
constexpr std::size_t kSessionsPerPage = 256;

// The sub of the user of this tenant who has the VAL user ID. Empty: nobody.
Task<Result<std::string>> holder_of(Context* context, std::string tenant, std::string val_user_id) {
  const std::string key = identity::mc_identity_key(identity::kValKind, val_user_id);
  auto value = co_await context->store.get(tables::kMcIdentities, key);
  if (value.failed_with(Code::NotFound)) co_return std::string();
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(owner, identity::decode_owner(*value));
  if (owner.tenant != tenant) co_return std::string();
  co_return owner.sub;
}

// True when tokens of the session may speak of the service: it was asked for, or nothing in particular was and the
// client is a VAL client (identity::add_val_claims).
Task<Result<bool>> is_of_service(Context* context, std::string tenant, std::string client_id,
                                 std::vector<std::string> scopes, std::string service) {
  const auto is_val = [](const std::string& scope) { return scope.starts_with(identity::kValScope); };
  if (std::ranges::any_of(scopes, is_val)) {
    co_return std::ranges::find(scopes, std::string(identity::kValScope) + service) != scopes.end();
  }
  auto client = co_await identity::find_client(context, tenant, client_id);
  if (client.failed_with(Code::ClientUnknown)) co_return true;  // which profile it had nobody can say any more
  if (!client) co_return client.error();
  co_return client->profile == identity::ClientProfile::Val;
}

Task<Result<Unit>> end_if_of_service(Context* context, std::string tenant, std::string sid, std::string service) {
  auto session = co_await identity::read_session(context, tenant, sid);
  if (session.failed_with(Code::SessionUnknown)) co_return Unit{};
  if (!session) co_return session.error();
  if (session->state != identity::SessionState::Active) co_return Unit{};
  CLAVIGER_CO_TRY(concerned, co_await is_of_service(context, tenant, session->client_id, session->scopes, service));
  if (!concerned) co_return Unit{};
  auto ended = co_await identity::end_session_here(context, tenant, sid, identity::SessionState::Revoked);
  if (!ended && !ended.failed_with(Code::SessionUnknown)) co_return ended.error();
  co_return Unit{};
}

// `prefix` is of index rows whose keys end with a sid.
Task<Result<Unit>> end_indexed(Context* context, std::string tenant, storage::TableId table, std::string prefix,
                               std::string service) {
  std::string from = prefix;
  for (;;) {
    CLAVIGER_CO_TRY(rows,
                    co_await context->store.range(table, from, broker::record_prefix_end(prefix), kSessionsPerPage));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::string sid = rows[i].key.substr(prefix.size());
      CLAVIGER_CO_TRY(ended, co_await end_if_of_service(context, tenant, std::move(sid), service));
    }
    if (!storage::is_full_page(rows, kSessionsPerPage)) co_return Unit{};
    from = rows.back().key + '\0';
  }
}

Task<Result<Unit>> end_sessions(Context* context, std::string tenant, Membership membership) {
  if (membership.kind == "ue") {
    std::string prefix = broker::record_prefix({tenant, membership.identity});
    auto ended = co_await end_indexed(context, tenant, tables::kUeSessions, std::move(prefix), membership.service);
    co_return ended;
  }
  CLAVIGER_CO_TRY(sub, co_await holder_of(context, tenant, membership.identity));
  if (sub.empty()) co_return Unit{};
  std::string prefix = broker::record_prefix({tenant, sub});
  auto ended = co_await end_indexed(context, tenant, tables::kUserSessions, std::move(prefix), membership.service);
  co_return ended;
}

Task<Result<Unit>> settle(Context* context, std::string tenant, storage::Record row) {
  CLAVIGER_CO_TRY(gone, gone_of(tenant, row.key));
  // It may stand in another configuration, or in this one again.
  const std::string prefix = membership_prefix(tenant, gone.membership);
  CLAVIGER_CO_TRY(left,
                  co_await context->store.range(tables::kValIdentities, prefix, broker::record_prefix_end(prefix), 1));
  if (left.empty()) {
    CLAVIGER_CO_TRY(ended, co_await end_sessions(context, tenant, std::move(gone.membership)));
  }
  storage::Transaction done;
  done.expect_version(tables::kValIdentities, row.key, row.value.version());
  done.erase(tables::kValIdentities, row.key);
  auto committed = co_await context->store.commit(std::move(done));
  // Settled by somebody else, or taken out once more meanwhile: whoever did that settles it.
  if (!committed && !committed.failed_with(Code::Conflict)) co_return committed.error();
  co_return Unit{};
}

Task<Result<Unit>> settle_from(Context* context, std::string tenant, std::string prefix) {
  std::string from = prefix;
  Result<Unit> result = Unit{};
  for (;;) {
    CLAVIGER_CO_TRY(rows, co_await context->store.range(tables::kValIdentities, from, broker::record_prefix_end(prefix),
                                                        storage::kRangeMax));
    const bool is_last = !storage::is_full_page(rows, storage::kRangeMax);
    if (!is_last) from = rows.back().key + '\0';
    for (std::size_t i = 0; i < rows.size(); ++i) {
      auto settled = co_await settle(context, tenant, std::move(rows[i]));
      if (!settled && result) result = settled;
    }
    if (is_last) co_return result;
  }
}

}  // namespace

Task<Result<Unit>> settle_removals(Context* context, std::string tenant, std::string server_id) {
  std::string prefix = gone_prefix(tenant, server_id);
  co_return co_await settle_from(context, std::move(tenant), std::move(prefix));
}

Task<Result<Unit>> settle_all_removals(Context* context, std::string tenant) {
  std::string prefix = gone_prefix(tenant);
  co_return co_await settle_from(context, std::move(tenant), std::move(prefix));
}

}  // namespace claviger::provisioning
