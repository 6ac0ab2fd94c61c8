// A user as an operator names him: by login name, by `sub`, or by an MC ID, MC service ID or VAL user ID of his.
#pragma once

#include <string>

#include "broker/identity/user_procedures.h"

namespace claviger::admin {

// UserUnknown. BadValue, user.several: what is one user's login name is another's identity, or a VAL user ID of a third;
// whoever removes one of them must not meet the other. By `sub` each can be named.
runtime::Task<Result<identity::User>> find_named_user(broker::Context* context, std::string tenant, std::string name);

// The KMS knows people by MC service IDs. Of somebody whom an operator named otherwise: which these are; else empty.
runtime::Task<std::string> mc_service_ids_of(broker::Context* context, std::string tenant, std::string name);

}  // namespace claviger::admin
