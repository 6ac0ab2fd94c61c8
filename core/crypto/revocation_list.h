// Until when lists of revoked certificates are good (RFC 5280 clause 5.1.2.5): who checks them refuses every certificate once
// one is out of date.
//
// Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/result.h"

namespace claviger::crypto {

// The earliest nextUpdate of all lists in a PEM text, NumericDate; INT64_MAX when none says. CertificateInvalid: there is no
// list, or one cannot be read.
Result<std::int64_t> earliest_next_update(std::string_view pem);

}  // namespace claviger::crypto
