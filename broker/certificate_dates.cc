#include "broker/certificate_dates.h"

#include <algorithm>
#include <limits>

#include "broker/pem_file.h"
#include "broker/settings/diameter_settings.h"
#include "broker/settings/settings.h"
#include "broker/settings/sip_settings.h"
#include "core/crypto/certificate.h"
#include "core/crypto/revocation_list.h"

namespace claviger::broker {
namespace {

constexpr std::int64_t kDay = 86'400;
// Time for an operator to get another one from an authority that has office hours.
constexpr std::int64_t kNotice = 14 * kDay;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::vector<DatedFile> certificate_files(const settings::Settings& settings, const settings::DiameterSettings* diameter,
                                         const settings::Sip* sip) {
  std::vector<DatedFile> files;
  const auto add = [&files](const std::string& file, Dated what) {
    if (!file.empty()) files.push_back({file, what});
  };
  for (const settings::HttpsListener& listener : settings.https) {
    add(listener.certificate_file, Dated::Certificate);
    add(listener.client_ca_file, Dated::Authorities);
    add(listener.client_crl_file, Dated::Revocations);
  }
  if (diameter != nullptr) {
    add(diameter->certificate_file, Dated::Certificate);
    add(diameter->ca_file, Dated::Authorities);
    add(diameter->crl_file, Dated::Revocations);
  }
  if (sip != nullptr) {
    add(sip->certificate_file, Dated::Certificate);
    add(sip->ca_file, Dated::Authorities);
  }
  std::ranges::sort(files);
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

std::vector<CertificateDate> certificate_dates(const std::vector<DatedFile>& files) {
  std::vector<CertificateDate> dates;
  for (const DatedFile& each : files) {
    const auto pem = read_public_pem_file(each.file, "certificate");
    if (!pem) continue;
    auto date = certificate_date(each.file, *pem, each.what);
    if (date) dates.push_back(*std::move(date));
  }
  return dates;
}

std::optional<CertificateDate> certificate_date(const std::string& name, std::string_view pem, Dated what) {
  if (what == Dated::Revocations) {
    const auto end = crypto::earliest_next_update(pem);
    if (!end || *end == kNever) return std::nullopt;
    return CertificateDate{name, 0, *end, what};
  }
  const auto all = crypto::Certificate::from_pem(pem);
  if (!all || all->empty()) return std::nullopt;
  const auto& one =
      what == Dated::Certificate ? all->front() : *std::ranges::min_element(*all, {}, &crypto::Certificate::not_after);
  return CertificateDate{name, one.not_before(), one.not_after(), what};
}

std::optional<std::string> warning_of(const CertificateDate& date, std::int64_t now) {
  const std::string_view what = date.what == Dated::Authorities   ? "an authority's certificate"
                                : date.what == Dated::Revocations ? "the list of revoked certificates"
                                                                  : "the certificate";
  const std::string subject = date.file + ": " + std::string(what);
  if (date.what == Dated::Revocations) {
    // Lists come every few days: a week's notice would be said always.
    if (now <= date.not_after) return std::nullopt;
    return subject + " is out of date: nobody who shows a certificate is let in";
  }
  if (now < date.not_before || now > date.not_after) return subject + " is not valid today";
  const std::int64_t left = date.not_after - now;
  if (left > kNotice) return std::nullopt;
  return subject + " ends in " + std::to_string(left / kDay) + " days";
}

}  // namespace claviger::broker
