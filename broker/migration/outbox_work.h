// What one system still owes another over HTTPS, as rows of Migration's outbox: done at least once, whatever ends between.
//
//   payload = kind NUL tenant NUL system NUL primary-IMPI    ; kind: "prepare", "revoke", "terminate"
// prepare: the partner system is asked for SIP identities of an outbound binding that is Pending, or given a new grant for
// one that is Active. revoke: the partner system is told that an outbound binding is Revoked. terminate: the S-CSCF here
// parts from the user of an inbound binding that was Revoked.
// On the home of Migration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::migration {

class Migration;

struct OutboxWork {
  enum class Kind : std::uint8_t { Prepare, Revoke, Terminate };
  Kind kind = Kind::Prepare;
  std::string tenant;
  std::string system;
  std::string primary_impi;
};

// CryptoFailure.
Result<Unit> put_outbox_work(broker::Context& context, storage::Transaction& transaction, const OutboxWork& work,
                             std::int64_t due);
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
