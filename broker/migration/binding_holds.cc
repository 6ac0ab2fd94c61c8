#include "broker/migration/binding_holds.h"

#include <algorithm>
#include <span>

#include "broker/identity/user_records.h"
#include "broker/migration/binding_procedures.h"
#include "broker/migration/outbox_work.h"
#include "broker/tables.h"
#include "core/runtime/call.h"

namespace claviger::migration {
namespace {

namespace tables = broker::tables;
using runtime::Task;
using Names = std::shared_ptr<const std::vector<std::string>>;

// Bindings of one transaction: a record and at most three rows each.
constexpr std::size_t kHoldsMax = 256;
// Users who are looked at under one turn: a look-up each and system, while nobody else changes a binding.
constexpr std::size_t kUsersATurn = 64;

// The bindings that are to be written together. In the frame of who holds the tenant's turn.
struct Holds {
  storage::Transaction transaction;
  std::vector<std::string> keys;
};

Task<Result<Unit>> write(Migration* migration, Holds* holds) {
  if (holds->keys.empty()) co_return Unit{};
  storage::Transaction transaction = std::exchange(holds->transaction, {});
  std::vector<std::string> keys = std::exchange(holds->keys, {});
  CLAVIGER_CO_TRY(committed, co_await migration->home().store.commit(std::move(transaction)));
  co_await migration->publish_bindings(std::move(keys));
  migration->wake_outbox();
  co_return Unit{};
}

// As his record is by now: of two who disable and enable him at once the later one's word counts.
Task<Result<Unit>> add(Migration* migration, std::string tenant, std::string system, std::string sub, Holds* holds) {
  broker::Context* context = &migration->home();
  auto binding = co_await find_users_binding(context, tenant, system, sub);
  if (binding.failed_with(Code::BindingUnknown)) co_return Unit{};
  if (!binding) co_return binding.error();
  auto user = co_await identity::read_user(context, tenant, sub);
  if (user.failed_with(Code::UserUnknown)) co_return Unit{};
  if (!user) co_return user.error();
  const bool is_held = user->status != identity::UserStatus::Enabled;
  if (binding->is_held == is_held) co_return Unit{};
  Binding after = *binding;
  after.is_held = is_held;
  after.changed_at = numeric_date(context->shard.wall());
  std::string key = binding_key(tenant, after);
  CLAVIGER_CO_TRY(put, put_what_follows(*context, holds->transaction, tenant, *binding, after, false));
  holds->transaction.expect_version(tables::kMigrationBindings, key, binding->version);
  holds->transaction.put(tables::kMigrationBindings, key, as_bytes(encode_binding(after)));
  holds->keys.push_back(std::move(key));
  co_return Unit{};
}

// Almost none of them has anything abroad. The turn is taken before anything is read: a binding that is being put for
// one of them was put by then, and is held, or will find him disabled.
Task<Result<Unit>> follow_some(Migration* migration, std::string tenant, Names systems, Names subs, std::size_t from,
                               std::size_t to) {
  auto turn = co_await migration->turns().take("bindings/" + tenant);
  if (!turn) co_return turn.error();
  Holds holds;
  for (std::size_t i = from; i < to; ++i) {
    for (std::size_t n = 0; n < systems->size(); ++n) {
      const auto added = co_await add(migration, tenant, (*systems)[n], (*subs)[i], &holds);
      // A record that does not decode is of no use to anybody, and no reason to leave the others.
      const bool is_broken = added.failed_with(Code::Corrupt) || added.failed_with(Code::SchemaTooNew);
      if (!added && !is_broken) co_return added.error();
      if (holds.keys.size() < kHoldsMax) continue;
      CLAVIGER_CO_TRY(written, co_await write(migration, &holds));
    }
  }
  co_return co_await write(migration, &holds);
}

Task<Result<Unit>> follow_at_home(Migration* migration, std::string tenant, Names systems, Names subs) {
  for (std::size_t from = 0; from < subs->size(); from += kUsersATurn) {
    const std::size_t to = std::min(subs->size(), from + kUsersATurn);
    CLAVIGER_CO_TRY(followed, co_await follow_some(migration, tenant, systems, subs, from, to));
  }
  co_return Unit{};
}

Names systems_of(const AgreementTable& table, std::string_view tenant) {
  auto systems = std::make_shared<std::vector<std::string>>();
  const auto found = table.by_tenant.find(tenant);
  if (found == table.by_tenant.end()) return systems;
  for (const AgreementRef& agreement : found->second) systems->push_back(agreement->agreement.system);
  return systems;
}

Task<Result<Unit>> begin_following(Migration* migration, std::string tenant, Names subs) {
  Names systems = systems_of(*migration->table(), tenant);
  if (systems->empty()) co_return Unit{};
  co_return co_await follow_at_home(migration, std::move(tenant), std::move(systems), std::move(subs));
}

}  // namespace

Task<Result<Unit>> follow_users(Migration* migration, std::string tenant, std::vector<std::string> subs) {
  if (subs.empty()) co_return Unit{};
  auto begin = [migration, tenant = std::move(tenant),
                shared = std::make_shared<const std::vector<std::string>>(std::move(subs))] {
    return begin_following(migration, tenant, shared);
  };
  co_return co_await runtime::call_on(&migration->home().shard, std::move(begin));
}

Task<Result<Unit>> follow_all_users(Migration* migration, std::string tenant, std::string system) {
  Names systems = std::make_shared<const std::vector<std::string>>(1, system);
  std::string after;
  do {
    CLAVIGER_CO_TRY(page, co_await list_bindings(&migration->home(), tenant, Direction::Outbound, system, after,
                                                 storage::kRangeMax));
    auto subs = std::make_shared<std::vector<std::string>>();
    for (std::size_t i = 0; i < page.bindings.size(); ++i) {
      const std::string sub = page.bindings[i].sub;
      if (sub.empty() || page.bindings[i].state == BindingState::Revoked) continue;
      auto user = co_await identity::read_user(&migration->home(), tenant, sub);
      if (!user) continue;  // gone, or not to be read: no reason to leave the others
      if ((user->status != identity::UserStatus::Enabled) != page.bindings[i].is_held) subs->push_back(sub);
    }
    CLAVIGER_CO_TRY(followed, co_await follow_at_home(migration, tenant, systems, std::move(subs)));
    after = page.next;
  } while (!after.empty());
  co_return Unit{};
}

Task<Result<Unit>> owe_following(Migration* migration) {
  broker::Context* context = &migration->home();
  const auto table = migration->table();
  storage::Transaction change;
  for (const auto& [tenant, agreements] : table->by_tenant) {
    for (const AgreementRef& agreement : agreements) {
      const OutboxWork work{OutboxWork::Kind::Follow, tenant, agreement->agreement.system, "*"};
      CLAVIGER_CO_TRY(put, put_outbox_work(*context, change, work, numeric_date(context->shard.wall())));
    }
  }
  if (change.empty()) co_return Unit{};
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return Unit{};
}

}  // namespace claviger::migration
