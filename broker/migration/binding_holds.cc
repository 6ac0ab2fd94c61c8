#include "broker/migration/binding_holds.h"

#include <optional>
#include <utility>

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
// Looks of one turn, three reads each: of a million bindings the shard's connections would hear nothing for seconds.
constexpr std::size_t kLooksOfTurn = 64;
constexpr std::size_t kPage = 256;
// A user may change while his bindings do.
constexpr int kTriesMax = 4;

struct Name {
  std::string system;
  std::string sub;
};

// The bindings that are written together. In the frame of who holds the tenant's turn.
struct Holds {
  storage::Transaction transaction;
  std::vector<std::string> keys;
};

Task<Result<Unit>> write(Migration* migration, Holds* holds) {
  if (holds->transaction.empty()) co_return Unit{};
  CLAVIGER_CO_TRY(committed, co_await migration->home().store.commit(std::move(holds->transaction)));
  co_await migration->publish_bindings(std::move(holds->keys));
  migration->wake_outbox();
  co_return Unit{};
}

// Until the shard's next turn: what its connections brought meanwhile comes first.
Task<void> let_others(runtime::Shard* shard) {
  runtime::OneShotPair<Unit> pair;
  // By way of the turn's end: what a message posts is handled in the same turn.
  shard->defer([shard, completer = std::move(pair.completer)]() mutable {
    shard->mailbox().post_control([kept = std::move(completer)]() mutable { kept.complete(Unit{}); });
  });
  co_await pair.waiter;
}

// At our record alone, or also at what the partner system has confirmed: that costs a read more of each, and is asked at
// a start, for what was given up.
enum class Look : bool { Record, Partner };

// A binding that is not as its user is, or of which the partner system believes otherwise.
struct Differing {
  Binding binding;
  std::uint64_t user_version = 0;
  bool is_told_only = false;
};

Task<Result<std::optional<Differing>>> look_at(Migration* migration, std::string tenant, Name name, Look look) {
  broker::Context* context = &migration->home();
  std::optional<Differing> nothing;
  auto binding = co_await find_users_binding(context, tenant, name.system, name.sub);
  if (binding.failed_with(Code::BindingUnknown)) co_return std::move(nothing);
  if (!binding) co_return binding.error();
  auto user = co_await identity::read_user(context, tenant, name.sub);
  if (user.failed_with(Code::UserUnknown)) co_return std::move(nothing);
  if (!user) co_return user.error();
  const bool is_as_he_is = binding->is_held == (user->status != identity::UserStatus::Enabled);
  if (is_as_he_is && look == Look::Record) co_return std::move(nothing);
  if (is_as_he_is) {
    BindingRef shared = std::make_shared<const Binding>(*binding);
    CLAVIGER_CO_TRY(is_otherwise, co_await is_believed_otherwise(context, tenant, std::move(shared)));
    if (!is_otherwise) co_return std::move(nothing);
  }
  std::optional<Differing> found;
  found.emplace();
  found->binding = *std::move(binding);
  found->user_version = user->version;
  found->is_told_only = is_as_he_is;
  co_return std::move(found);
}

// As his record is by now: of two who disable and enable him at once the later one's word counts.
Task<Result<Unit>> add(Migration* migration, std::string tenant, Name name, Look look, Holds* holds) {
  broker::Context* context = &migration->home();
  CLAVIGER_CO_TRY(differing, co_await look_at(migration, tenant, name, look));
  if (!differing) co_return Unit{};
  if (differing->is_told_only) {
    const OutboxWork work{OutboxWork::Kind::Hold, tenant, differing->binding.system, differing->binding.primary_impi};
    co_return put_outbox_work(*context, holds->transaction, work, numeric_date(context->shard.wall()));
  }
  const Binding before = std::move(differing->binding);
  Binding after = before;
  after.is_held = !before.is_held;
  after.changed_at = numeric_date(context->shard.wall());
  std::string key = binding_key(tenant, after);
  CLAVIGER_CO_TRY(put, put_what_follows(*context, holds->transaction, tenant, before, after, false));
  holds->transaction.expect_version(tables::kUsers, identity::user_key(tenant, name.sub), differing->user_version);
  holds->transaction.expect_version(tables::kMigrationBindings, key, before.version);
  holds->transaction.put(tables::kMigrationBindings, key, as_bytes(encode_binding(after)));
  holds->keys.push_back(std::move(key));
  co_return Unit{};
}

// A record that does not decode is of no use to anybody, and no reason to leave the others.
bool is_broken(const Error& error) { return error.code == Code::Corrupt || error.code == Code::SchemaTooNew; }

// What two procedures write of one binding, and of the user whom they have read, excludes one another by their versions;
// the turn keeps them from having to try again.
Task<Result<Unit>> follow_some(Migration* migration, std::string tenant, std::shared_ptr<const std::vector<Name>> some,
                               Look look) {
  for (int tries = 1;; ++tries) {
    auto turn = co_await migration->turns().take("bindings/" + tenant);
    if (!turn) co_return turn.error();
    Holds holds;
    for (std::size_t i = 0; i < some->size(); ++i) {
      const auto added = co_await add(migration, tenant, (*some)[i], look, &holds);
      if (!added && !is_broken(added.error())) co_return added.error();
    }
    const auto written = co_await write(migration, &holds);
    if (written.failed_with(Code::Conflict) && tries < kTriesMax) continue;
    co_return written;
  }
}

// Almost none of them has anything abroad, or is not followed yet: a look without the turn finds who is to be.
Task<Result<Unit>> follow_at_home(Migration* migration, std::string tenant, Names systems, Names subs, Look look) {
  auto some = std::make_shared<std::vector<Name>>();
  runtime::Shard& shard = migration->home().shard;
  std::size_t looks = 0;
  for (std::size_t i = 0; i < subs->size(); ++i) {
    for (std::size_t n = 0; n < systems->size(); ++n) {
      if (++looks % kLooksOfTurn == 0) co_await let_others(&shard);
      const Name name{(*systems)[n], (*subs)[i]};
      const auto found = co_await look_at(migration, tenant, name, look);
      if (!found && !is_broken(found.error())) co_return found.error();
      if (found && *found) some->push_back(name);
      if (some->size() < kHoldsMax) continue;
      std::shared_ptr<const std::vector<Name>> full = std::exchange(some, std::make_shared<std::vector<Name>>());
      CLAVIGER_CO_TRY(followed, co_await follow_some(migration, tenant, std::move(full), look));
    }
  }
  if (some->empty()) co_return Unit{};
  co_return co_await follow_some(migration, std::move(tenant), std::move(some), look);
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
  co_return co_await follow_at_home(migration, std::move(tenant), std::move(systems), std::move(subs), Look::Record);
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
    CLAVIGER_CO_TRY(page,
                    co_await list_bindings(&migration->home(), tenant, Direction::Outbound, system, after, kPage));
    auto subs = std::make_shared<std::vector<std::string>>();
    for (const Binding& binding : page.bindings) {
      if (!binding.sub.empty() && binding.state != BindingState::Revoked) subs->push_back(binding.sub);
    }
    CLAVIGER_CO_TRY(followed, co_await follow_at_home(migration, tenant, systems, std::move(subs), Look::Partner));
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
