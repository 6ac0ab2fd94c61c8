// When the certificates end that lie in the store: what operators gave with clavigerctl for migration agreements, ACM
// partners, peer KMSs and outside verifiers, ours and those of the authorities that are trusted there. No file names them, so
// nobody else would say so before a partner refuses us.
//
// Home shard (0): read page by page, parsed off the loop. The names are those of the commands that show them.
#pragma once

#include <cstddef>
#include <vector>

#include "broker/certificate_dates.h"
#include "broker/context.h"
#include "core/runtime/task.h"

namespace claviger::broker {

// An installation may have thousands: those that end first are what an operator can do something about.
inline constexpr std::size_t kStoredShownMax = 64;

// Of all tenants, in the order in which they end, at most kStoredShownMax; `file` is "agreement SYSTEM of TENANT" and such.
// What cannot be read or is no certificate is left out: whoever would use it says so.
runtime::Task<std::vector<CertificateDate>> stored_certificate_dates(Context* context);

}  // namespace claviger::broker
