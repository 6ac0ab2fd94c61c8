// Whoever a VAL server took out of a service loses his sign-ins for it (spec 2.6): his sessions that carry the service
// end, and every token of theirs is revoked on every shard.
//
// The commit that takes an identity out leaves a "gone" row, which goes when its sessions have ended: what a crash or a
// failure leaves undone is taken up by RemovalSweep. Everything here may run twice. Any shard.
#pragma once

#include <string>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::provisioning {

// All that is left of a VAL server's, and of a tenant's. A row that cannot be settled stays and keeps nobody from the
// others: the first error, after all have been tried.
runtime::Task<Result<Unit>> settle_removals(broker::Context* context, std::string tenant, std::string server_id);
runtime::Task<Result<Unit>> settle_all_removals(broker::Context* context, std::string tenant);

}  // namespace claviger::provisioning
