// An operator lets somebody try again at once, who has waited long enough or proved otherwise who he is: what failed
// tries hold up is lifted (sign_in_throttle.h, authenticators/failed_codes.h).
//
// Called on any shard. Passwords and sessions stay as they are, and so does a user who is disabled.
#pragma once

#include <string>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// All waits of this user, for passwords and for codes, from wherever; and the lock after a hundred wrong codes.
// UserUnknown; what the store says.
runtime::Task<Result<Unit>> unlock_user(broker::Context* context, std::string tenant, std::string sub);
// The waits of an address, of all tenants; of an IPv6 address those of its network. BadValue: it is none.
runtime::Task<Result<Unit>> unlock_source(broker::Context* context, std::string address);

}  // namespace claviger::identity
