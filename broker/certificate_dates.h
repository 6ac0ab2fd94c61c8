// When the certificates end that the daemon serves with: those in the files that its configuration names. An operator is warned
// in time, at each start and reload, once a day, by --check-config and by the metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace claviger::settings {
struct DiameterSettings;  // broker/settings/diameter_settings.h
struct Settings;          // broker/settings/settings.h
struct Sip;               // broker/settings/sip_settings.h
}  // namespace claviger::settings

namespace claviger::broker {

struct CertificateDate {
  std::string file;
  std::int64_t not_before = 0;  // NumericDate
  std::int64_t not_after = 0;
};

// Of [[https]], [diameter] and [sip]; these may be null.
std::vector<std::string> certificate_files(const settings::Settings& settings,
                                           const settings::DiameterSettings* diameter, const settings::Sip* sip);
// Reads these files: off the loop. What cannot be read or is no certificate is left out: whoever would use it says so.
std::vector<CertificateDate> certificate_dates(const std::vector<std::string>& files);

// "FILE: the certificate ends in 5 days"; nothing when there is no reason to.
std::optional<std::string> warning_of(const CertificateDate& date, std::int64_t now);

}  // namespace claviger::broker
