// Verbs of other KMSs: our identity before them, peers, their certificates in two steps (broker/exchange);
// and of group management servers (broker/keys/group_server.h).
#pragma once

#include "broker/admin/admin_services.h"
#include "core/http/router.h"

namespace claviger::admin {

void add_kms_peer_verbs(http::Router& router, AdminServices& services);

}  // namespace claviger::admin
