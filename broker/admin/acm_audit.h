// The way of broker/administration's HTTPS routes into the audit log (broker/administration/acm_audit.h).
#pragma once

#include "broker/admin/audit_log.h"
#include "broker/administration/acm_audit.h"

namespace claviger::admin {

// `log` outlives what is returned.
administration::AcmAudit acm_audit_into(AuditLog& log);

}  // namespace claviger::admin
