// The admin API: HTTP/JSON below /admin/v1 on a Unix socket. Everything an operator can do, and nothing that bypasses
// the procedures.
//
// Who calls is known by the socket's peer credentials (http::Peer::uid); a verb that changes something is written to
// the audit log before it begins and again before its answer leaves. Errors are RFC 9457 problems whose member "code"
// is the Code's name. Pages: {"items": [...], "next": "cursor"}; ask again with ?after=cursor&limit=N.
#pragma once

#include "broker/admin/admin_services.h"
#include "core/http/router.h"

namespace claviger::admin {

// `services` lives as long as the router's listener serves.
void add_admin_routes(http::Router& router, AdminServices& services);

}  // namespace claviger::admin
