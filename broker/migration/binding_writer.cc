#include "broker/migration/binding_writer.h"

#include <algorithm>

#include "broker/identity/user_records.h"
#include "broker/migration/outbox_work.h"
#include "broker/public_identity_rows.h"
#include "broker/tables.h"

namespace claviger::migration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

bool is_same(Binding left, const Binding& right) {
  left.created_at = right.created_at;
  left.changed_at = right.changed_at;
  return encode_binding(left) == encode_binding(right);
}

bool is_suspended_by_us(const Binding& binding) {
  return binding.direction == Direction::Inbound && binding.state == BindingState::Suspended &&
         !binding.is_state_others;
}

}  // namespace

Task<Result<Unit>> BindingWriter::claim(Binding binding, std::vector<std::string> had) {
  const std::vector<std::string> wanted = identity_keys(tenant_, binding);
  const std::string owner = own_impi(binding);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (std::ranges::find(had, wanted[i]) != had.end()) continue;
    if (touched_.contains(wanted[i])) co_return Error{Code::BindingTaken, "binding.identity"};
    auto row = co_await migration_->home().store.get(tables::kBindingIdentities, wanted[i]);
    if (row) co_return Error{Code::BindingTaken, "binding.identity"};
    if (!row.failed_with(Code::NotFound)) co_return row.error();
  }
  // What a subscriber of ours is called no visitor is: the other system names its users, not ours.
  std::vector<std::string> subscribers;
  if (binding.direction == Direction::Inbound) {
    for (const std::string& impu : binding.partner_impus) {
      if (std::ranges::find(had, public_identity_key(tenant_, impu)) != had.end()) continue;
      subscribers.push_back(broker::subscribers_identity_key(tenant_, impu));
    }
  }
  for (std::size_t i = 0; i < subscribers.size(); ++i) {
    auto row = co_await migration_->home().store.get(tables::kPublicIdentities, subscribers[i]);
    if (row) co_return Error{Code::BindingTaken, "binding.subscriber"};
    if (!row.failed_with(Code::NotFound)) co_return row.error();
  }
  // From here on nothing fails: a binding that is refused leaves nothing in the transaction.
  for (const std::string& key : subscribers) transaction_.expect_absent(tables::kPublicIdentities, key);
  for (const std::string& key : wanted) {
    touched_.insert(key);
    if (std::ranges::find(had, key) != had.end()) continue;
    transaction_.expect_absent(tables::kBindingIdentities, key);
    transaction_.put(tables::kBindingIdentities, key, as_bytes(owner));
  }
  for (const std::string& key : had) {
    if (std::ranges::find(wanted, key) != wanted.end()) continue;
    touched_.insert(key);
    transaction_.erase(tables::kBindingIdentities, key);
  }
  co_return Unit{};
}

Task<Result<Unit>> BindingWriter::count_one(std::string system, std::uint32_t bindings_max) {
  if (!counts_.contains(system)) {
    auto row = co_await migration_->home().store.get(tables::kBindingIdentities, count_key(tenant_, system));
    Count count;
    if (row) {
      if (row->bytes().size() != sizeof(std::uint64_t)) co_return Error{Code::Corrupt, "bindings.count"};
      count.value = load_be<std::uint64_t>(row->bytes());
      count.version = row->version();
    } else if (!row.failed_with(Code::NotFound)) {
      co_return row.error();
    }
    counts_.emplace(system, count);
  }
  if (counts_[system].value >= bindings_max) co_return Error{Code::MigrationQuota, "agreement.bindings_max"};
  co_return Unit{};
}

Task<Result<Stored>> BindingWriter::add(BindingDraft draft) {
  const AgreementRef agreement = migration_->table()->find(tenant_, draft.binding.system);
  if (agreement == nullptr) co_return Error{Code::AgreementUnknown, "binding.system"};
  const std::int64_t now = numeric_date(migration_->home().shard.wall());
  CLAVIGER_CO_TRY(in_force, check_in_force(agreement->agreement, now));
  CLAVIGER_CO_TRY(checked, check_binding(draft.binding, agreement->agreement));
  Stored stored;
  stored.binding = std::move(draft.binding);
  const std::string key = binding_key(tenant_, stored.binding);
  if (touched_.contains(key)) co_return Error{Code::BindingTaken, "binding.repeated"};
  auto present = co_await read_binding(&migration_->home(), key);
  if (!present && !present.failed_with(Code::BindingUnknown)) co_return present.error();
  CLAVIGER_CO_TRY(named, check_new_identities(stored.binding, present ? &*present : nullptr, agreement->agreement));
  stored.is_new = !present;
  const std::uint64_t version = present ? present->version : 0;
  std::vector<std::string> had;
  if (present) {
    if (present->system != stored.binding.system) co_return Error{Code::BindingTaken, "binding.system"};
    // What is revoked the other system cannot revive, whoever revoked it.
    if (present->state == BindingState::Revoked && (draft.is_others || !draft.if_version))
      co_return Error{Code::BindingInactive, "binding.revoked"};
    had = identity_keys(tenant_, *present);
    stored.binding.created_at = present->created_at;
  } else {
    stored.binding.created_at = now;
  }
  if (draft.if_version && *draft.if_version != version) co_return Error{Code::BindingVersion, "binding.version"};
  // Nobody's draft speaks of it: of a user of ours his record does, of another's his system has.
  stored.binding.is_held = present && present->is_held;
  if (stored.binding.direction == Direction::Inbound) {
    stored.binding.is_state_others =
        becomes_others(present ? &*present : nullptr, stored.binding.state, draft.is_others);
  }
  if (present && draft.is_others && is_suspended_by_us(*present)) {
    // It may only end it: with other identities in the record its user would be free to come by another one.
    if (stored.binding.state == BindingState::Revoked) {
      stored.binding = *present;
      stored.binding.state = BindingState::Revoked;
      stored.binding.is_state_others = true;
    } else if (!is_same(stored.binding, *present)) {
      co_return Error{Code::BindingInactive, "binding.suspended"};
    }
  }
  const bool is_of_ours = stored.binding.direction == Direction::Outbound && !stored.binding.sub.empty();
  std::uint64_t user_version = 0;
  if (is_of_ours) {
    auto user = co_await identity::read_user(&migration_->home(), tenant_, stored.binding.sub);
    if (!user && !user.failed_with(Code::UserUnknown)) co_return user.error();
    stored.binding.is_held = user && user->status != identity::UserStatus::Enabled;
    if (user) user_version = user->version;
  }
  if (present && is_same(stored.binding, *present)) {
    stored.binding = *std::move(present);
    co_return std::move(stored);
  }
  const bool is_counted = stored.is_new && stored.binding.direction == Direction::Inbound;
  if (is_counted) {
    CLAVIGER_CO_TRY(room, co_await count_one(stored.binding.system, agreement->agreement.bindings_max));
  }
  CLAVIGER_CO_TRY(claimed, co_await claim(stored.binding, std::move(had)));
  if (is_counted) ++counts_[stored.binding.system].value;
  stored.binding.changed_at = now;
  stored.binding.version = 0;  // until the commit
  if (present) {
    CLAVIGER_CO_TRY(
        put, put_what_follows(migration_->home(), transaction_, tenant_, *present, stored.binding, draft.is_others));
  }
  // Who is disabled meanwhile is not followed here: there is nothing of him yet.
  if (user_version != 0) {
    transaction_.expect_version(tables::kUsers, identity::user_key(tenant_, stored.binding.sub), user_version);
  }
  transaction_.expect_version(tables::kMigrationBindings, key, version);
  transaction_.put(tables::kMigrationBindings, key, as_bytes(encode_binding(stored.binding)));
  touched_.insert(key);
  changed_.push_back(key);
  co_return std::move(stored);
}

Task<Result<std::uint64_t>> BindingWriter::commit() {
  for (const auto& [system, count] : counts_) {
    const std::string key = count_key(tenant_, system);
    std::string value(sizeof(std::uint64_t), '\0');
    store_be(std::as_writable_bytes(std::span(value)), count.value);
    transaction_.expect_version(tables::kBindingIdentities, key, count.version);
    transaction_.put(tables::kBindingIdentities, key, as_bytes(value));
  }
  if (transaction_.empty()) co_return std::uint64_t{0};
  if (transaction_.is_too_large()) co_return Error{Code::TooLarge, "bindings"};
  CLAVIGER_CO_TRY(committed, co_await migration_->home().store.commit(std::move(transaction_)));
  co_await migration_->publish_bindings(std::move(changed_));
  migration_->wake_outbox();
  co_return committed.sequence;
}

}  // namespace claviger::migration
