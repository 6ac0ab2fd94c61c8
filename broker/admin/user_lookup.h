// A user as an operator names him: by login name, or by `sub`.
#pragma once

#include <string>

#include "broker/identity/user_procedures.h"

namespace claviger::admin {

// The login name goes first: a `sub` is random, nobody has it for a login name by accident. UserUnknown.
runtime::Task<Result<identity::User>> find_named_user(broker::Context* context, std::string tenant, std::string name);

}  // namespace claviger::admin
