// For operations: /metrics (Prometheus text), /livez, /readyz. On a listener of their own, without TLS, usually loopback.
//
// /livez: a shard answers, so the process lives. /readyz: 200, or 503 with the reason: starting, draining, a store that
// cannot write.
#pragma once

#include "broker/admin/admin_services.h"
#include "core/http/router.h"

namespace claviger::admin {

// `services` lives as long as the router's listener serves.
void add_metrics_routes(http::Router& router, AdminServices& services);

}  // namespace claviger::admin
