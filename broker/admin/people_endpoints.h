// The verbs that say who administers a tenant's people, and who verifies their codes outside of Claviger.
#pragma once

#include "broker/admin/verb.h"

namespace claviger::admin {

void add_administrator_verbs(http::Router& router, AdminServices& services);
void add_verifier_verbs(http::Router& router, AdminServices& services);

}  // namespace claviger::admin
