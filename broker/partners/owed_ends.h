// Sessions that must end because an agreement, or who was set up under it, became less: written down by the transaction
// that makes it so, and crossed out when they have ended. What a crash or a failure leaves is taken up by whoever asks
// again, and by Partners' sweep.
//
// Rows of tables::kPartners, key tenant + partner + "owed" + sub (of our user; empty: all that came from that partner),
// no value. Procedures, on whichever shard; everything may run twice.
#pragma once

#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::partners {

void owe_end(storage::Transaction& transaction, std::string_view tenant, std::string_view partner,
             std::string_view sub);

// Returns when nothing is owed any more; the first error, after all have been tried.
runtime::Task<Result<Unit>> settle_owed(broker::Context* context, std::string tenant, std::string partner);
// Of all partners of all tenants, those that are no partners any more, too.
runtime::Task<Result<Unit>> settle_all_owed(broker::Context* context);

}  // namespace claviger::partners
