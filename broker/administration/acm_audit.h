// What an ACM client's user or a partner system changes over HTTPS is written into the chained audit log, between a line
// before and a line after, as what operators do is. The log is the admin room's, which this room does not know: it is given
// a way in.
//
// Any shard. The function is kept by whoever owns the routes, and outlives their requests.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::administration {

struct AcmAuditLine {
  std::string verb;         // "acm.setup"
  std::string target;       // tenant, and the request
  std::string outcome;      // "begun", "ok", or a Code's name
  std::string detail;       // who
  bool is_refusal = false;  // of somebody who may not: only so many a second
};

// The line's number; it is durable.
using AcmAudit = std::function<runtime::Task<Result<std::uint64_t>>(AcmAuditLine line)>;

}  // namespace claviger::administration
