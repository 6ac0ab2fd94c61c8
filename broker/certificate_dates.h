// When the certificates end that the daemon serves with, those of the authorities that it trusts, and the lists of revoked ones:
// in the files that its configuration names; those of the store are stored_certificates.h's. An operator is warned in time, at each start and reload, once a day, by
// --check-config and by the metrics.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace claviger::settings {
struct DiameterSettings;  // broker/settings/diameter_settings.h
struct Settings;          // broker/settings/settings.h
struct Sip;               // broker/settings/sip_settings.h
}  // namespace claviger::settings

namespace claviger::broker {

enum class Dated : std::uint8_t {
  Certificate,  // the first of the file: our own
  Authorities,  // of all in the file the one that ends first
  Revocations   // of all lists in the file the one whose next is due first
};
struct CertificateDate {
  std::string file;
  std::int64_t not_before = 0;  // NumericDate
  std::int64_t not_after = 0;
  Dated what = Dated::Certificate;
};

// Of [[https]], [diameter] and [sip]; these may be null.
struct DatedFile {
  std::string file;
  Dated what = Dated::Certificate;
  auto operator<=>(const DatedFile&) const = default;
};
std::vector<DatedFile> certificate_files(const settings::Settings& settings, const settings::DiameterSettings* diameter,
                                         const settings::Sip* sip);
// Reads these files: off the loop. What cannot be read or is no certificate is left out: whoever would use it says so.
std::vector<CertificateDate> certificate_dates(const std::vector<DatedFile>& files);

// The same of one text; nothing: it is no certificate, or not one of its kind. Any thread.
std::optional<CertificateDate> certificate_date(const std::string& name, std::string_view pem, Dated what);

// "FILE: the certificate ends in 5 days"; nothing when there is no reason to.
std::optional<std::string> warning_of(const CertificateDate& date, std::int64_t now);

}  // namespace claviger::broker
