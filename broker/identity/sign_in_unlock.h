// An operator sees who is held up by failed tries (sign_in_throttle.h, authenticators/failed_codes.h), and lets somebody
// try again at once, who has waited long enough or proved otherwise who he is.
//
// Called on any shard. Passwords and sessions stay as they are, and so does a user who is disabled.
#pragma once

#include <string>

#include "broker/context.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// From now on; zero: nobody waits.
struct SignInWaits {
  Milliseconds password{0};            // whoever waits longest of those who tried, each at his address
  Milliseconds password_elsewhere{0};  // at addresses where the user has not signed in before
  Milliseconds code{0};                // of his second step
  bool is_recovery_only = false;       // a hundred wrong codes: only a recovery code counts
};
runtime::Task<Result<SignInWaits>> read_waits(broker::Context* context, std::string tenant, std::string sub,
                                              std::string login);

// All waits of this user, for passwords and for codes, from wherever; and the lock after a hundred wrong codes.
// UserUnknown; what the store says.
runtime::Task<Result<Unit>> unlock_user(broker::Context* context, std::string tenant, std::string sub);
// The waits of an address, of all tenants; of an IPv6 address those of its network. BadValue: it is none.
runtime::Task<Result<Unit>> unlock_source(broker::Context* context, std::string address);

}  // namespace claviger::identity
