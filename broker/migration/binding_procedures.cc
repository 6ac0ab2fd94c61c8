#include "broker/migration/binding_procedures.h"

#include "broker/migration/binding_writer.h"
#include "broker/migration/outbox_work.h"
#include "broker/migration/sip_identity.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/runtime/call.h"
#include "storage/page.h"

namespace claviger::migration {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;
using Results = std::vector<Result<Stored>>;

// Identities that are looked at in one turn.
constexpr std::size_t kPoolPage = 256;

std::string turn_name(std::string_view tenant) { return "bindings/" + std::string(tenant); }

std::string pool_prefix(std::string_view tenant, std::string_view system) {
  return broker::record_prefix({tenant, system});
}
std::string joined(const std::vector<std::string>& impus) {
  std::string text;
  for (const std::string& impu : impus) text.append(text.empty() ? "" : "\n").append(impu);
  return text;
}
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Task<Result<Results>> put_at_home(Migration* migration, std::string tenant,
                                  std::shared_ptr<std::vector<BindingDraft>> drafts) {
  if (drafts->size() > kBatchMax) co_return Error{Code::TooMany, "bindings.batch"};
  auto turn = co_await migration->turns().take(turn_name(tenant));
  if (!turn) co_return turn.error();
  BindingWriter writer(migration, tenant);
  Results results;
  for (std::size_t i = 0; i < drafts->size(); ++i) {
    auto stored = co_await writer.add(std::move((*drafts)[i]));
    results.push_back(std::move(stored));
  }
  CLAVIGER_CO_TRY(version, co_await writer.commit());
  for (Result<Stored>& stored : results) {
    if (stored && stored->binding.version == 0) stored->binding.version = version;
  }
  co_return std::move(results);
}

// The identities that come next, and their row in the transaction. What lay there before the agreement said how identities
// begin may not be its: the next one's turn.
Task<Result<PoolIdentity>> take_from_pool(Migration* migration, std::string tenant, std::string system,
                                          storage::Transaction* change) {
  const AgreementRef agreement = migration->table()->find(tenant, system);
  if (agreement == nullptr) co_return Error{Code::AgreementUnknown, "binding.system"};
  const std::string prefix = pool_prefix(tenant, system);
  const std::string end = broker::record_prefix_end(prefix);
  // Nearly always it is the first one.
  std::size_t limit = 1;
  for (std::string from = prefix; !from.empty(); limit = kPoolPage) {
    CLAVIGER_CO_TRY(rows, co_await migration->home().store.range(tables::kMigrationPools, from, end, limit));
    for (const storage::Record& row : rows) {
      Binding probe;
      probe.partner_impus = split(row.value.text());
      if (!check_new_identities(probe, nullptr, agreement->agreement)) continue;
      change->expect_version(tables::kMigrationPools, row.key, row.value.version());
      change->erase(tables::kMigrationPools, row.key);
      co_return PoolIdentity{row.key.substr(prefix.size()), std::move(probe.partner_impus)};
    }
    from = storage::is_full_page(rows, limit) ? rows.back().key + '\0' : std::string();
  }
  co_return Error{Code::IdentitiesExhausted, "agreement.pool"};
}

Task<Result<Stored>> allocate_at_home(Migration* migration, std::string tenant, Binding wanted) {
  Context* context = &migration->home();
  auto turn = co_await migration->turns().take(turn_name(tenant));
  if (!turn) co_return turn.error();
  BindingWriter writer(migration, tenant);
  BindingDraft draft;
  auto index = co_await context->store.get(tables::kBindingIdentities,
                                           primary_identity_key(tenant, wanted.system, wanted.primary_impi));
  if (index) {
    const std::string key = inbound_key(tenant, index->text());
    CLAVIGER_CO_TRY(present, co_await read_binding(context, key));
    if (present.state != BindingState::Active) co_return Error{Code::BindingInactive, "binding.state"};
    draft.binding = std::move(present);
    draft.binding.version = 0;
    draft.binding.primary_impus = std::move(wanted.primary_impus);
    draft.binding.grant = std::move(wanted.grant);
    draft.binding.hosts = std::move(wanted.hosts);
    draft.binding.realm = std::move(wanted.realm);
    draft.binding.not_after = wanted.not_after;
  } else {
    if (!index.failed_with(Code::NotFound)) co_return index.error();
    CLAVIGER_CO_TRY(taken, co_await take_from_pool(migration, tenant, wanted.system, &writer.transaction()));
    draft.binding = std::move(wanted);
    draft.binding.partner_impi = std::move(taken.impi);
    draft.binding.partner_impus = std::move(taken.impus);
    draft.if_version = 0;
  }
  CLAVIGER_CO_TRY(stored, co_await writer.add(std::move(draft)));
  CLAVIGER_CO_TRY(version, co_await writer.commit());
  if (stored.binding.version == 0) stored.binding.version = version;
  co_return std::move(stored);
}

bool may_become(const Binding& binding, BindingState state) {
  if (binding.state == state) return true;
  if (binding.state == BindingState::Revoked) return false;
  if (state == BindingState::Pending) return binding.state == BindingState::Prepared;
  if (state == BindingState::Prepared) return binding.state == BindingState::Pending;
  // Without identities there is nothing to use.
  return state != BindingState::Active || !binding.partner_impi.empty();
}

// With the turn held: durable with what follows from it, and no shard knows the former record any more.
Task<Result<Binding>> write_changed(Migration* migration, std::string tenant, std::string key, Binding before,
                                    Binding after, bool by_other) {
  Context* context = &migration->home();
  after.changed_at = numeric_date(context->shard.wall());
  storage::Transaction change;
  change.expect_version(tables::kMigrationBindings, key, before.version);
  change.put(tables::kMigrationBindings, key, as_bytes(encode_binding(after)));
  CLAVIGER_CO_TRY(put, put_what_follows(*context, change, tenant, before, after, by_other));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  after.version = committed.sequence;
  std::vector<std::string> keys{key};
  co_await migration->publish_bindings(std::move(keys));
  migration->wake_outbox();
  co_return std::move(after);
}

Task<Result<Binding>> set_state_at_home(Migration* migration, std::string tenant, StateChange wanted) {
  Context* context = &migration->home();
  auto turn = co_await migration->turns().take(turn_name(tenant));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(binding, co_await read_binding(context, wanted.key));
  if (!wanted.system.empty() && binding.system != wanted.system) co_return Error{Code::BindingUnknown, "binding"};
  if (wanted.if_version && *wanted.if_version != binding.version)
    co_return Error{Code::BindingVersion, "binding.version"};
  if (!may_become(binding, wanted.state)) co_return Error{Code::BindingInactive, "binding.state"};
  const bool is_others =
      binding.direction == Direction::Inbound && becomes_others(&binding, wanted.state, !wanted.system.empty());
  if (binding.state == wanted.state && binding.is_state_others == is_others) co_return std::move(binding);
  const Binding before = binding;
  binding.state = wanted.state;
  binding.is_state_others = is_others;
  // A caller that is a system itself asks for bindings of its own users, or tells of ours.
  co_return co_await write_changed(migration, tenant, wanted.key, before, std::move(binding), !wanted.system.empty());
}

Task<Result<Binding>> hold_at_home(Migration* migration, std::string tenant, std::string key, bool is_held,
                                   std::string system) {
  auto turn = co_await migration->turns().take(turn_name(tenant));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(binding, co_await read_binding(&migration->home(), key));
  if (binding.system != system) co_return Error{Code::BindingUnknown, "binding"};
  if (binding.is_held == is_held) co_return std::move(binding);
  const Binding before = binding;
  binding.is_held = is_held;
  co_return co_await write_changed(migration, tenant, key, before, std::move(binding), true);
}

Task<Result<std::size_t>> add_to_pool_at_home(Migration* migration, std::string tenant, std::string system,
                                              std::shared_ptr<std::vector<PoolIdentity>> identities) {
  Context* context = &migration->home();
  auto turn = co_await migration->turns().take(turn_name(tenant));
  if (!turn) co_return turn.error();
  const AgreementRef agreement = migration->table()->find(tenant, system);
  if (agreement == nullptr) co_return Error{Code::AgreementUnknown, "agreement.system"};
  if (agreement->agreement.inbound == Inbound::None) co_return Error{Code::AgreementInvalid, "agreement.inbound"};
  if (identities->size() > kBatchMax) co_return Error{Code::TooMany, "pool"};
  storage::Transaction change;
  std::size_t count = 0;
  for (std::size_t i = 0; i < identities->size(); ++i) {
    const PoolIdentity& one = (*identities)[i];
    Binding probe;
    probe.primary_impi = "a@" + agreement->agreement.domains.front();
    probe.primary_impus = {"sip:" + probe.primary_impi};
    probe.partner_impi = one.impi;
    probe.partner_impus = one.impus;
    probe.mode = agreement->agreement.allows_static() ? Mode::Static : Mode::Dynamic;
    CLAVIGER_CO_TRY(checked, check_binding(probe, agreement->agreement));
    CLAVIGER_CO_TRY(named, check_new_identities(probe, nullptr, agreement->agreement));
    const std::string key = pool_prefix(tenant, system) + one.impi;
    auto bound = co_await read_binding(context, inbound_key(tenant, one.impi));
    if (bound) continue;
    if (!bound.failed_with(Code::BindingUnknown)) co_return bound.error();
    auto known = co_await context->store.get(tables::kMigrationPools, key);
    if (!known && !known.failed_with(Code::NotFound)) co_return known.error();
    if (!known) ++count;
    change.put(tables::kMigrationPools, key, as_bytes(joined(one.impus)));
  }
  if (change.empty()) co_return std::size_t{0};
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return count;
}

}  // namespace

Task<Result<Binding>> read_binding(Context* context, std::string key) {
  auto value = co_await context->store.get(tables::kMigrationBindings, key);
  if (value.failed_with(Code::NotFound)) co_return Error{Code::BindingUnknown, "binding"};
  if (!value) co_return value.error();
  co_return decode_binding(*value, key);
}

Task<Result<std::vector<Result<Stored>>>> put_bindings(Migration* migration, std::string tenant,
                                                       std::vector<BindingDraft> drafts) {
  auto begin = [migration, tenant = std::move(tenant),
                shared = std::make_shared<std::vector<BindingDraft>>(std::move(drafts))] {
    return put_at_home(migration, tenant, shared);
  };
  co_return co_await runtime::call_on(&migration->home().shard, std::move(begin));
}

Task<Result<Stored>> put_binding(Migration* migration, std::string tenant, BindingDraft draft) {
  std::vector<BindingDraft> drafts;
  drafts.push_back(std::move(draft));
  CLAVIGER_CO_TRY(results, co_await put_bindings(migration, std::move(tenant), std::move(drafts)));
  co_return std::move(results.front());
}

Task<Result<Stored>> allocate_binding(Migration* migration, std::string tenant, Binding wanted) {
  auto begin = [migration, tenant = std::move(tenant), wanted = std::move(wanted)] {
    return allocate_at_home(migration, tenant, wanted);
  };
  co_return co_await runtime::call_on(&migration->home().shard, std::move(begin));
}

Task<Result<Binding>> set_binding_state(Migration* migration, std::string tenant, StateChange change) {
  auto begin = [migration, tenant = std::move(tenant), change = std::move(change)] {
    return set_state_at_home(migration, tenant, change);
  };
  co_return co_await runtime::call_on(&migration->home().shard, std::move(begin));
}

Task<Result<Binding>> hold_binding(Migration* migration, std::string tenant, std::string key, bool is_held,
                                   std::string system) {
  auto begin = [migration, tenant = std::move(tenant), key = std::move(key), is_held, system = std::move(system)] {
    return hold_at_home(migration, tenant, key, is_held, system);
  };
  co_return co_await runtime::call_on(&migration->home().shard, std::move(begin));
}

Task<Result<BindingPage>> list_bindings(Context* context, std::string tenant, Direction direction, std::string system,
                                        std::string after, std::size_t limit) {
  const std::string prefix =
      direction == Direction::Inbound ? broker::record_prefix({tenant}) : outbound_prefix(tenant, system);
  if (after.find('\0') != std::string::npos) co_return Error{Code::BadValue, "after"};
  // No private identity begins with a slash, nor with what is below it in the order of octets.
  const std::string first_inbound = prefix + '0';
  std::string from = direction == Direction::Inbound ? first_inbound : prefix;
  if (!after.empty()) from = prefix + after + '\0';
  std::string to = broker::record_prefix_end(prefix);
  CLAVIGER_CO_TRY(rows,
                  co_await context->store.range(tables::kMigrationBindings, std::move(from), std::move(to), limit));
  BindingPage page;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(binding, decode_binding(row.value, row.key));
    if (binding.direction != direction || (!system.empty() && binding.system != system)) continue;
    page.bindings.push_back(std::move(binding));
  }
  if (storage::is_full_page(rows, limit)) page.next = rows.back().key.substr(prefix.size());
  co_return std::move(page);
}

Task<Result<Binding>> find_users_binding(Context* context, std::string tenant, std::string system, std::string sub) {
  auto row = co_await context->store.get(tables::kBindingIdentities, user_index_key(tenant, system, sub));
  if (row.failed_with(Code::NotFound)) co_return Error{Code::BindingUnknown, "binding.sub"};
  if (!row) co_return row.error();
  std::string key = outbound_key(tenant, system, row->text());
  co_return co_await read_binding(context, std::move(key));
}

Task<Result<std::size_t>> add_to_pool(Migration* migration, std::string tenant, std::string system,
                                      std::vector<PoolIdentity> identities) {
  auto begin = [migration, tenant = std::move(tenant), system = std::move(system),
                shared = std::make_shared<std::vector<PoolIdentity>>(std::move(identities))] {
    return add_to_pool_at_home(migration, tenant, system, shared);
  };
  co_return co_await runtime::call_on(&migration->home().shard, std::move(begin));
}

Task<Result<std::size_t>> pool_size(Context* context, std::string tenant, std::string system) {
  const std::string prefix = pool_prefix(tenant, system);
  CLAVIGER_CO_TRY(rows, co_await context->store.range(tables::kMigrationPools, prefix,
                                                      broker::record_prefix_end(prefix), storage::kRangeMax));
  co_return rows.size();
}

}  // namespace claviger::migration
