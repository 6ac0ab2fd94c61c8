// MC service registrations on the admin socket: who is registered, authorised and subscribed, and an operator's end to it.
#pragma once

#include "broker/admin/admin_services.h"
#include "core/http/router.h"

namespace claviger::admin {

void add_registration_verbs(http::Router& router, AdminServices& services);

}  // namespace claviger::admin
