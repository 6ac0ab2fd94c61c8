// What is owed when users were enabled or disabled: that their bindings in other systems follow (broker/migration).
//
// A row of the outbox of tables::kMigrationPools, in the transaction that changes their records, so that nothing which
// ends the process can come between. Its payload is that of broker/migration/outbox_work.h:
//   "users" NUL tenant NUL "*" NUL sub *( SP sub )
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "storage/transaction.h"

namespace claviger::identity {

// Nothing for no `subs`. CryptoFailure.
Result<Unit> put_status_row(broker::Context& context, storage::Transaction& transaction, std::string_view tenant,
                            const std::vector<std::string>& subs);

}  // namespace claviger::identity
