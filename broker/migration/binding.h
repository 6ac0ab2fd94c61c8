// A binding: which SIP identities of the partner system are which of the primary system's (TS 23.280 clauses 10.1.6.1,
// 10.6.2.2 and 10.6.2.3).
//
// Record of tables::kMigrationBindings. An inbound one is the partner system's knowledge of a user from elsewhere, key
// tenant + partner IMPI; an outbound one is the primary system's knowledge of a user of its own who may go there, key
// tenant + "/" system + primary IMPI: no private identity begins with a slash. Rows of tables::kBindingIdentities keep identities
// unique, their value is the IMPI in the record's key:
//   tenant, "impu", partner IMPU               inbound: one binding an IMPU
//   tenant, "primary", system, primary IMPI    inbound: one set of identities here for each user from there
//   tenant, "sub", system, sub                 outbound: a user's binding there
//   tenant, "partner", system, partner IMPI    outbound: an identity there is of one of our users
//   tenant, "count", system                    how many inbound bindings there are, 8 octets big-endian
//
// Changed on the home of Migration under the tenant's turn; every shard keeps those it was asked for (binding_cache.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/migration/agreement.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::migration {

enum class Direction : std::uint8_t { Inbound = 0, Outbound = 1 };
enum class Mode : std::uint8_t { Static = 0, Dynamic = 1 };
enum class BindingState : std::uint8_t {
  Active = 0,
  Suspended = 1,
  Revoked = 2,   // for good: its identities stay taken
  Prepared = 3,  // outbound: the user may migrate, the partner system has given no identities yet
  Pending = 4    // outbound: they have been asked for
};
std::string_view name_of(Mode mode);
std::string_view name_of(BindingState state);

// What the device needs beside its identities to register there.
struct Access {
  std::string realm;
  std::string proxy;
  std::vector<std::string> networks;
};

struct Binding {
  Direction direction = Direction::Inbound;
  Mode mode = Mode::Static;
  BindingState state = BindingState::Active;
  bool is_configured_by_procedure = false;  // TS 23.280 figure 10.1.6.1.2-1 step 10; else an operator's
  std::string system;  // the other one: of an inbound binding the primary, of an outbound one the partner
  std::string partner_impi;
  std::vector<std::string> partner_impus;
  std::string primary_impi;
  std::vector<std::string> primary_impus;
  std::string sub;  // outbound: who he is at our identity server
  std::vector<std::string>
      hosts;          // inbound: Diameter identities of the next hop, when it was learned; else the agreement's
  std::string realm;  // the same
  std::string grant;  // inbound: what the primary system signed, shown to it with each request
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;  // 0: without end
  Access access;               // outbound: what the partner system said
  // Of no use for now, whatever its state: the primary system's user is disabled. His system says so and takes it back.
  bool is_held = false;
  // Inbound: it was the primary system that suspended or revoked it. Else we did, and it cannot undo that; so, too, of
  // records of builds that did not keep it.
  bool is_state_others = false;
  std::int64_t created_at = 0;
  std::int64_t changed_at = 0;
  std::uint64_t version = 0;  // of the record; not stored in it
};
using BindingRef = std::shared_ptr<const Binding>;

// Public identities of a private one: a number, a name, one for each service and a group of them.
inline constexpr std::size_t kPublicIdentitiesMax = 16;
// A JWS with an ES256 signature and a few short claims.
inline constexpr std::size_t kGrantMax = 2048;

std::string inbound_key(std::string_view tenant, std::string_view partner_impi);
std::string outbound_key(std::string_view tenant, std::string_view system, std::string_view primary_impi);
std::string binding_key(std::string_view tenant, const Binding& binding);
std::string outbound_prefix(std::string_view tenant, std::string_view system);

std::string public_identity_key(std::string_view tenant, std::string_view impu);
std::string primary_identity_key(std::string_view tenant, std::string_view system, std::string_view primary_impi);
std::string user_index_key(std::string_view tenant, std::string_view system, std::string_view sub);
std::string partner_identity_key(std::string_view tenant, std::string_view system, std::string_view partner_impi);
std::string count_key(std::string_view tenant, std::string_view system);
// The keys of the rows that this binding needs for itself.
std::vector<std::string> identity_keys(std::string_view tenant, const Binding& binding);
// Their value.
const std::string& own_impi(const Binding& binding);

std::string encode_binding(const Binding& binding);
// Corrupt or SchemaTooNew.
Result<Binding> decode_binding(const storage::Value& value, std::string_view where);

// Whose the state `state` of an inbound binding is when we (or its system: `by_other`) set it.
bool becomes_others(const Binding* present, BindingState state, bool by_other);

// What may come in under this agreement: BindingInvalid with the member that is wrong.
Result<Unit> check_binding(const Binding& binding, const Agreement& agreement);
// The identities here that the agreement does not name are no visitor's: BindingInvalid. Those that `present` (or null) has
// stay: what an agreement says later ends nobody.
Result<Unit> check_new_identities(const Binding& binding, const Binding* present, const Agreement& agreement);
// BindingInactive: suspended, revoked, held, not yet, no more, not configured yet.
Result<Unit> check_usable(const Binding& binding, std::int64_t now);

}  // namespace claviger::migration
