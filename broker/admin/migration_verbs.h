// The verbs of agreements, bindings, pools and traces.
#pragma once

#include "broker/admin/admin_services.h"
#include "core/http/router.h"

namespace claviger::admin {

// `services.migration` is there.
void add_migration_verbs(http::Router& router, AdminServices& services);

}  // namespace claviger::admin
