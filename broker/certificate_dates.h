// When the certificates end that the daemon serves with: those in the files that its configuration names. An operator is warned
// in time, at each start and reload, by --check-config and by the metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace claviger::broker {

struct CertificateDate {
  std::string file;
  std::int64_t not_before = 0;  // NumericDate
  std::int64_t not_after = 0;
};

// Of [[https]], [diameter] and [sip] of the configuration FILE. Reads files: off the loop. What cannot be read or is no
// certificate is left out: whoever would use it says so.
std::vector<CertificateDate> certificate_dates(const std::string& file);

// "FILE: the certificate ends in 5 days"; nothing when there is no reason to.
std::optional<std::string> warning_of(const CertificateDate& date, std::int64_t now);

}  // namespace claviger::broker
