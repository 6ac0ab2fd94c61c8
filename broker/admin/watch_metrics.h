// Figures that an operator must alarm on and that have to be asked for: how far partners are heard, what has not been told to
// others yet, the KMS's queue and pre-issue, free space on the disk (broker/admin/README.md says from which value on).
//
// Any shard. Reads at most 1024 rows of each outbox, in small pages, and one record a KMS.
#pragma once

#include <string>

#include "broker/admin/admin_services.h"
#include "core/runtime/task.h"

namespace claviger::admin {

// In Prometheus's text format, to stand behind metrics_text(). What cannot be read now is left out.
runtime::Task<std::string> watch_text(AdminServices* services);

}  // namespace claviger::admin
