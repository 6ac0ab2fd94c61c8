#include "broker/migration/migrant.h"

#include "broker/identity/abroad.h"
#include "broker/identity/user_records.h"
#include "broker/migration/binding_procedures.h"
#include "broker/tables.h"
#include "core/runtime/call.h"

namespace claviger::migration {
namespace {

using broker::Context;
using runtime::Task;

constexpr Error kNotAllowed{Code::MigrationNotAllowed, "migration.user"};

bool is_open(const Binding& binding) {
  return binding.state != BindingState::Suspended && binding.state != BindingState::Revoked && !binding.is_held;
}

// On the home: begins what has to begin, and waits for it.
Task<Result<Unit>> settle_at_home(Migration* migration, std::string tenant, Binding binding) {
  const std::string key = binding_key(tenant, binding);
  if (binding.state == BindingState::Prepared) {
    StateChange change;
    change.key = key;
    change.state = BindingState::Pending;
    auto begun = co_await set_binding_state(migration, tenant, std::move(change));
    // Another device of his began before us.
    if (!begun && !begun.failed_with(Code::BindingInactive)) co_return begun.error();
    if (begun.failed_with(Code::BindingInactive)) co_return Unit{};
  }
  auto present = co_await read_binding(&migration->home(), key);
  if (!present) co_return present.error();
  if (present->state != BindingState::Pending) co_return Unit{};
  migration->wake_outbox();
  co_return co_await migration->wait_for_settled(key);
}

}  // namespace

Task<Result<Unit>> check_may_migrate(Migration*, Context* context, AgreementRef agreement, std::string sub) {
  const Agreement& agreed = agreement->agreement;
  const std::int64_t now = numeric_date(context->shard.wall());
  CLAVIGER_CO_TRY(in_force, check_in_force(agreed, now));
  if (agreed.outbound == Outbound::None) co_return kNotAllowed;
  auto binding = co_await find_users_binding(context, agreement->tenant, agreed.system, sub);
  if (binding.failed_with(Code::BindingUnknown)) {
    if (agreed.outbound == Outbound::All) co_return Unit{};
    CLAVIGER_CO_TRY(is_listed, co_await identity::is_abroad(context, agreement->tenant, identity::Abroad::System,
                                                            agreed.system, sub));
    if (!is_listed) co_return kNotAllowed;
    co_return Unit{};
  }
  if (!binding) co_return binding.error();
  const bool is_valid = binding->not_before <= now && (binding->not_after == 0 || now < binding->not_after);
  if (!is_open(*binding) || !is_valid) co_return kNotAllowed;
  co_return Unit{};
}

Task<Result<Binding>> configure_migration(Migration* migration, Context* context, std::string tenant,
                                          std::string system, std::string sub) {
  AgreementRef agreement = migration->table()->find(tenant, system);
  if (agreement == nullptr) co_return Error{Code::AgreementUnknown, "migration.system"};
  CLAVIGER_CO_TRY(may, co_await check_may_migrate(migration, context, agreement, sub));
  auto binding = co_await find_users_binding(context, tenant, system, sub);
  // Whoever may migrate without a binding has no SIP identities at home that we know of.
  if (binding.failed_with(Code::BindingUnknown)) co_return kNotAllowed;
  if (!binding) co_return binding.error();
  if (binding->state == BindingState::Active) co_return *std::move(binding);
  auto begin = [migration, tenant, wanted = *binding] { return settle_at_home(migration, tenant, wanted); };
  CLAVIGER_CO_TRY(settled, co_await runtime::call_on(&migration->home().shard, std::move(begin)));
  CLAVIGER_CO_TRY(present, co_await find_users_binding(context, tenant, system, sub));
  if (present.state != BindingState::Active) co_return Error{Code::BindingInactive, "migration.binding"};
  co_return std::move(present);
}

Task<Result<Unit>> end_bindings_of_user(Migration* migration, Context* context, std::string tenant, std::string sub) {
  std::vector<std::string> systems;
  const auto table = migration->table();
  const auto found = table->by_tenant.find(tenant);
  if (found == table->by_tenant.end()) co_return Unit{};
  for (const AgreementRef& agreement : found->second) systems.push_back(agreement->agreement.system);
  for (std::size_t i = 0; i < systems.size(); ++i) {
    auto binding = co_await find_users_binding(context, tenant, systems[i], sub);
    if (binding.failed_with(Code::BindingUnknown)) continue;
    if (!binding) co_return binding.error();
    StateChange change;
    change.key = binding_key(tenant, *binding);
    change.state = BindingState::Revoked;
    auto revoked = co_await set_binding_state(migration, tenant, std::move(change));
    if (!revoked && !revoked.failed_with(Code::BindingUnknown)) co_return revoked.error();
  }
  co_return Unit{};
}

Task<Result<Unit>> authorise_migrant(Migration* migration, Context* context, AgreementRef agreement,
                                     ServiceRequest request) {
  CLAVIGER_CO_TRY(service, check_service(agreement->agreement, request.service));
  if (request.primary_mc_service_id.empty() || request.primary_mc_service_id.find('\0') != std::string::npos) {
    co_return Error{Code::UserUnknown, "primary_mc_service_id"};
  }
  auto row = co_await context->store.get(broker::tables::kMcIdentities,
                                         identity::mc_identity_key(request.service, request.primary_mc_service_id));
  if (row.failed_with(Code::NotFound)) co_return Error{Code::UserUnknown, "primary_mc_service_id"};
  if (!row) co_return row.error();
  CLAVIGER_CO_TRY(owner, identity::decode_owner(*row));
  if (owner.tenant != agreement->tenant) co_return Error{Code::UserUnknown, "primary_mc_service_id"};
  auto user = co_await identity::read_user(context, owner.tenant, owner.sub);
  if (!user) co_return user.error();
  const std::string& present = request.service == "mcptt"     ? user->mcptt_id
                               : request.service == "mcvideo" ? user->mcvideo_id
                                                              : user->mcdata_id;
  // Identities stay taken when users get others.
  if (present != request.primary_mc_service_id) co_return Error{Code::UserUnknown, "primary_mc_service_id"};
  if (user->status != identity::UserStatus::Enabled) co_return kNotAllowed;
  co_return co_await check_may_migrate(migration, context, agreement, user->sub);
}

}  // namespace claviger::migration
