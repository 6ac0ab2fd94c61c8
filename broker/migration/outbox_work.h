// What one system still owes another over HTTPS, as rows of Migration's outbox: done at least once, whatever ends between.
//
//   payload = kind NUL tenant NUL system NUL primary-IMPI    ; kind: "prepare", "revoke", "terminate", "hold", "ended",
//                                                            ; "follow", "users"
// prepare: the partner system is asked for SIP identities of an outbound binding that is Pending, or given a new grant for
// one that is Active. revoke: the partner system is told that an outbound binding is Revoked. terminate: the S-CSCF here
// parts from the user of an inbound binding that was Revoked or is held. hold: the partner system is told whether an
// outbound binding is held, as it is by then. ended: the primary system is told that we have revoked an inbound one.
// follow: all bindings of our users in that system are held as their users' records say; its primary-IMPI is "*".
// users: the same of these users, in every system: the system is "*", in place of the primary IMPI are their subs, with
// blanks between (broker/identity/status_row.h).
//
// Of a binding's rows "prepare" the latest one counts, so that it is renewed once however often it was held and released:
// tables::kBindingIdentities, key tenant, "renewal", system, primary IMPI, value the id of that row.
// What the partner system has confirmed last of a hold: there, too, "told" in place of "renewal", value "held" or "free".
// A row "hold" that was given up leaves it as it was, and the next start tells again.
// On the home of Migration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/migration/binding.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::migration {

class Migration;

struct OutboxWork {
  enum class Kind : std::uint8_t { Prepare, Revoke, Terminate, Hold, Ended, Follow, Users };
  Kind kind = Kind::Prepare;
  std::string tenant;
  std::string system;
  std::string primary_impi;
  std::string row_id{};  // of the row that was read; none: not of a row
};

// CryptoFailure.
Result<Unit> put_outbox_work(broker::Context& context, storage::Transaction& transaction, const OutboxWork& work,
                             std::int64_t due);
// What follows from this change of a binding, as rows. `by_other`: the other system has asked for it, and knows. CryptoFailure.
Result<Unit> put_what_follows(broker::Context& context, storage::Transaction& transaction, std::string_view tenant,
                              const Binding& before, const Binding& after, bool by_other);
// Whether the other system has taken this answer's request to heart: it says that it is done, or that it has no such
// binding (problem.h). A 404 of something that knows no such path says neither.
bool is_told(std::uint16_t status, std::string_view body);
// The partner system has confirmed that this outbound binding is held, or not.
void put_told(storage::Transaction& transaction, std::string_view tenant, const Binding& binding, bool is_held);
// Whether it believes otherwise than the record: what it was told last says so, or it was told nothing of a hold. False
// where it knows no such binding, or none that stands.
runtime::Task<Result<bool>> is_believed_otherwise(broker::Context* context, std::string tenant, BindingRef binding);
// Corrupt.
Result<OutboxWork> read_outbox_work(std::string_view payload);

struct WorkOutcome {
  Result<Unit> result = Unit{};
  bool is_final = true;  // false: to be tried again
};
// MigrationNotAllowed, IdentitiesExhausted, BindingInactive: what the partner system says no to; AgreementUnknown,
// AgreementEnded, SystemUnknown (it has no link): what we do; Unreachable and so on.
runtime::Task<WorkOutcome> do_outbox_work(Migration* migration, OutboxWork work);

}  // namespace claviger::migration
