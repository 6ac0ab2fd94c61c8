// All figures of the process in Prometheus's text format (0.0.4), names claviger_*.
//
// Any shard; reads what others count without stopping them.
#pragma once

#include <string>
#include <string_view>

#include "broker/admin/admin_services.h"

namespace claviger::admin {

// Why the process is not ready, as a literal; empty when it is: starting, draining, or a store that cannot write.
std::string_view why_not_ready(const AdminServices& services);

std::string metrics_text(const AdminServices& services);

}  // namespace claviger::admin
