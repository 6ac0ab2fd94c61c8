// What an expired token does to the service that it opened: the operator's choice, as no standard says ([sip] token_expiry).
#pragma once

#include <string>

#include "broker/registration/change.h"
#include "broker/registration/registrar.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::registration {

// With the binding, in its change: the row that looks at it when its token has expired, if that ends it.
void put_token_timer(Change& change, const Binding& binding);
// Home of the identity: that row is due.
runtime::Task<Result<Unit>> look_at_token(Registrar* registrar, std::string impu, BindingName name);

}  // namespace claviger::registration
