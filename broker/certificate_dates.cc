#include "broker/certificate_dates.h"

#include <algorithm>

#include "broker/pem_file.h"
#include "broker/settings/diameter_settings.h"
#include "broker/settings/settings.h"
#include "broker/settings/sip_settings.h"
#include "core/crypto/certificate.h"

namespace claviger::broker {
namespace {

constexpr std::int64_t kDay = 86'400;
// Time for an operator to get another one from an authority that has office hours.
constexpr std::int64_t kNotice = 14 * kDay;

}  // namespace

std::vector<std::string> certificate_files(const settings::Settings& settings,
                                           const settings::DiameterSettings* diameter, const settings::Sip* sip) {
  std::vector<std::string> files;
  for (const settings::HttpsListener& listener : settings.https) files.push_back(listener.certificate_file);
  if (diameter != nullptr) files.push_back(diameter->certificate_file);
  if (sip != nullptr) files.push_back(sip->certificate_file);
  std::erase(files, "");
  std::ranges::sort(files);
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

std::vector<CertificateDate> certificate_dates(const std::vector<std::string>& files) {
  std::vector<CertificateDate> dates;
  for (const std::string& each : files) {
    const auto pem = read_public_pem_file(each, "certificate");
    if (!pem) continue;
    const auto chain = crypto::Certificate::from_pem(*pem);
    if (!chain || chain->empty()) continue;
    dates.push_back({each, chain->front().not_before(), chain->front().not_after()});
  }
  return dates;
}

std::optional<std::string> warning_of(const CertificateDate& date, std::int64_t now) {
  if (now < date.not_before || now > date.not_after) return date.file + ": the certificate is not valid today";
  const std::int64_t left = date.not_after - now;
  if (left > kNotice) return std::nullopt;
  return date.file + ": the certificate ends in " + std::to_string(left / kDay) + " days";
}

}  // namespace claviger::broker
