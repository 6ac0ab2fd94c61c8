// Whoever a VAL server took out of a service loses his sign-ins for it (spec 2.6): his sessions that carry the service
// end, and every token of theirs is revoked on every shard.
//
// The commit that takes an identity out leaves a "gone" row, which goes when its sessions have ended: what a crash or a
// failure leaves undone is taken up by RemovalSweep. Everything here may run twice. Any shard.
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/provisioning/identity_rows.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::provisioning {

// Stops at the first failure; the rows that are left stay.
runtime::Task<Result<Unit>> settle_removals(broker::Context* context, std::string tenant,
                                            std::vector<Membership> memberships);
// All that is left of a tenant.
runtime::Task<Result<Unit>> settle_all_removals(broker::Context* context, std::string tenant);

}  // namespace claviger::provisioning
