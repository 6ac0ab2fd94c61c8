// What a withdrawal undoes beside the set-up itself: the SIP identities that a user was given there by the migration
// configuration (TS 23.280 clause 10.1.6.1.2) and, by the partner system, the registration that stands under them (RTR).
#include <set>

#include "broker/administration/acm.h"
#include "broker/identity/user_procedures.h"
#include "broker/migration/binding_procedures.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "storage/page.h"

namespace claviger::administration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

bool stands(Stage stage) {
  return stage == Stage::Sending || stage == Stage::Waiting || stage == Stage::Pending || stage == Stage::Running ||
         stage == Stage::Done;
}

}  // namespace

// Of the users of a request those whom it had set up at that system, and no other request of ours holds there, or may yet.
// Whom the partner has said nothing of: they go by `may_hold_unsaid`.
Task<Result<std::set<std::string>>> Acm::held_by_nobody_else(std::string tenant, std::string id, std::string system,
                                                             bool may_hold_unsaid) {
  CLAVIGER_CO_TRY(setup, co_await find_setup(setup_key(tenant, id)));
  std::set<std::string> left;
  for (std::size_t i = 0; i < setup.users.size(); ++i) {
    const std::string mc_id = setup.users[i].mc_id;
    auto status = co_await home().store.get(tables::kAcmUsers, result_row(tenant, id, system, mc_id));
    if (!status && !status.failed_with(Code::NotFound)) co_return status.error();
    const bool was_held = status ? is_good(status->text()) : may_hold_unsaid;
    if (was_held) left.insert(mc_id);
  }
  // By the stages, which are small; a request itself may be some MiB, and is read alone.
  const std::string prefix = broker::record_prefix({tenant, "target"});
  const std::string end = broker::record_prefix_end(prefix);
  for (std::string from = prefix; !from.empty() && !left.empty();) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmSetups, from, end, storage::kRangeMax));
    from = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::string_view name = std::string_view(rows[i].key).substr(prefix.size());
      const std::string other_id(name.substr(0, name.find('\0')));
      if (other_id == id || rows[i].key != target_key(tenant, other_id, system)) continue;
      const auto stage = decode_stage(rows[i].value);
      if (!stage) {
        name_skipped(home(), prefix, rows[i].key, stage.error());
        continue;
      }
      if (!stands(stage->stage)) continue;
      auto other = co_await find_setup(setup_key(tenant, other_id));
      if (!other && !is_unreadable(other.error().code)) co_return other.error();
      if (!other) {
        name_skipped(home(), prefix, rows[i].key, other.error());
        continue;
      }
      for (std::size_t n = 0; n < other->users.size(); ++n) {
        const std::string mc_id = other->users[n].mc_id;
        if (!left.contains(mc_id)) continue;
        auto status = co_await home().store.get(tables::kAcmUsers, result_row(tenant, other->id, system, mc_id));
        if (!status && !status.failed_with(Code::NotFound)) co_return status.error();
        if (!status || is_good(status->text())) left.erase(mc_id);  // not answered yet, or set up
      }
    }
  }
  co_return std::move(left);
}

// Done again after a restart without harm. What operators agreed upon by lists is theirs to end.
Task<Result<Unit>> Acm::end_bindings(std::string tenant, std::string id, std::string system, bool may_hold_unsaid) {
  if (migration_ == nullptr) co_return Unit{};
  CLAVIGER_CO_TRY(ending, co_await held_by_nobody_else(tenant, id, system, may_hold_unsaid));
  const std::vector<std::string> users(ending.begin(), ending.end());
  for (std::size_t i = 0; i < users.size(); ++i) {
    auto user = co_await identity::find_user_by_mc_identity(&home(), tenant, "mc", users[i]);
    if (user.failed_with(Code::UserUnknown)) continue;
    if (!user) co_return user.error();
    auto binding = co_await migration::find_users_binding(&home(), tenant, system, user->sub);
    if (binding.failed_with(Code::BindingUnknown)) continue;
    if (!binding) co_return binding.error();
    const bool is_over =
        binding->state == migration::BindingState::Revoked || binding->state == migration::BindingState::Prepared;
    if (is_over || !binding->is_configured_by_procedure) continue;
    migration::StateChange change;
    change.key = migration::binding_key(tenant, *binding);
    change.state = migration::BindingState::Revoked;
    auto revoked = co_await migration::set_binding_state(migration_, tenant, std::move(change));
    if (!revoked && !revoked.failed_with(Code::BindingUnknown)) co_return revoked.error();
  }
  co_return Unit{};
}

}  // namespace claviger::administration
