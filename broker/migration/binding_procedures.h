// Making and changing bindings, and the pools that partner identities are taken from.
//
// Called on any shard; a change runs on the home of Migration under the tenant's turn and returns when no shard knows the
// former record any more.
//
// Codes: AgreementUnknown, AgreementEnded, BindingUnknown, BindingTaken (an identity is another binding's), BindingInvalid,
// BindingInactive (revoked), BindingVersion (`if_version`), MigrationQuota, IdentitiesExhausted, TooMany, what the store says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/migration/migration.h"

namespace claviger::migration {

// The version the caller believes the record to have; 0: that there is none; nothing: whatever.
using IfVersion = std::optional<std::uint64_t>;

struct BindingDraft {
  Binding binding;
  IfVersion if_version;
  bool is_others = false;  // of the other system, which need not be told
};
struct Stored {
  Binding binding;
  bool is_new = false;
};
// A batch is one transaction: of the records, and some five rows each.
inline constexpr std::size_t kBatchMax = 1000;

// In the order of the drafts; those that are refused leave the others alone. A revoked record is taken up again only with
// its version, and by us alone; so is one that we suspended. What is there already is not written again.
runtime::Task<Result<std::vector<Result<Stored>>>> put_bindings(Migration* migration, std::string tenant,
                                                                std::vector<BindingDraft> drafts);
runtime::Task<Result<Stored>> put_binding(Migration* migration, std::string tenant, BindingDraft draft);

// TS 23.280 figure 10.1.6.1.2-1: an inbound binding for this primary identity, with identities from the pool. The one that
// is there already is answered again, with what is new of the grant and the next hop.
runtime::Task<Result<Stored>> allocate_binding(Migration* migration, std::string tenant, Binding wanted);

// Active, Suspended or Revoked; of an outbound one also Prepared to Pending (which asks the partner system). Revoking an
// outbound binding tells the partner system, revoking an inbound one the primary system, by the outbox.
struct StateChange {
  std::string key;  // of the record
  BindingState state = BindingState::Active;
  IfVersion if_version;
  // Of the other system that asks for it, and need not be told: BindingUnknown for another's. Empty: ours is the decision.
  std::string system;
};
runtime::Task<Result<Binding>> set_binding_state(Migration* migration, std::string tenant, StateChange change);

// An inbound one, by the word of its primary system `system`: of no use, and who is registered with it parted from, until
// that takes it back. BindingUnknown for another system's.
runtime::Task<Result<Binding>> hold_binding(Migration* migration, std::string tenant, std::string key, bool is_held,
                                            std::string system);

struct BindingPage {
  std::vector<Binding> bindings;
  std::string next;  // pass as `after` for the next page; empty: this was the last
};
// Inbound ones of all systems, or with `system` of that one only (a page may then be short); outbound ones of `system`.
runtime::Task<Result<BindingPage>> list_bindings(broker::Context* context, std::string tenant, Direction direction,
                                                 std::string system, std::string after, std::size_t limit);
// The binding of one of our users there. BindingUnknown.
runtime::Task<Result<Binding>> find_users_binding(broker::Context* context, std::string tenant, std::string system,
                                                  std::string sub);
runtime::Task<Result<Binding>> read_binding(broker::Context* context, std::string key);

struct PoolIdentity {
  std::string impi;
  std::vector<std::string> impus;
};
// How many are new. Those that have a binding, or had one, are left out.
runtime::Task<Result<std::size_t>> add_to_pool(Migration* migration, std::string tenant, std::string system,
                                               std::vector<PoolIdentity> identities);
// How many are left, counted up to storage::kRangeMax.
runtime::Task<Result<std::size_t>> pool_size(broker::Context* context, std::string tenant, std::string system);

}  // namespace claviger::migration
