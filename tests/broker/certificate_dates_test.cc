#include "broker/certificate_dates.h"

#include <gtest/gtest.h>

#include <fstream>

#include "broker/settings/diameter_settings.h"
#include "broker/settings/settings.h"
#include "broker/settings/sip_settings.h"
#include "tests/storage/temp_directory.h"

namespace claviger::broker {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kEnd = 2'000'000'000;
const CertificateDate kDate{"sip.pem", kEnd - 365 * kDay, kEnd};

TEST(CertificateDates, NothingIsSaidBeforeFourteenDaysAreLeft) {
  EXPECT_EQ(warning_of(kDate, kEnd - 365 * kDay), std::nullopt) << "from its first second on";
  EXPECT_EQ(warning_of(kDate, kEnd - 14 * kDay - 1), std::nullopt);
  EXPECT_EQ(warning_of(kDate, kEnd - 14 * kDay), "sip.pem: the certificate ends in 14 days");
  EXPECT_EQ(warning_of(kDate, kEnd - 14 * kDay + 1), "sip.pem: the certificate ends in 13 days");
}

TEST(CertificateDates, TheSecondItEndsIsItsLast) {
  EXPECT_EQ(warning_of(kDate, kEnd - kDay), "sip.pem: the certificate ends in 1 days");
  EXPECT_EQ(warning_of(kDate, kEnd), "sip.pem: the certificate ends in 0 days");
  EXPECT_EQ(warning_of(kDate, kEnd + 1), "sip.pem: the certificate is not valid today");
}

TEST(CertificateDates, OneOfTomorrowIsNotValidToday) {
  EXPECT_EQ(warning_of(kDate, kEnd - 365 * kDay - 1), "sip.pem: the certificate is not valid today");
}

// The names of those of one kind.
std::vector<std::string> names(const std::vector<DatedFile>& files, Dated what) {
  std::vector<std::string> all;
  for (const DatedFile& each : files) {
    if (each.what == what) all.push_back(each.file);
  }
  return all;
}

TEST(CertificateDates, AreOfTheFilesInForceEachOnce) {
  using Names = std::vector<std::string>;
  settings::Settings settings;
  for (const char* file : {"b.pem", "a.pem", "b.pem"}) settings.https.emplace_back().certificate_file = file;
  EXPECT_EQ(names(certificate_files(settings, nullptr, nullptr), Dated::Certificate), (Names{"a.pem", "b.pem"}));
  settings.https[0].client_ca_file = settings.https[1].client_ca_file = "ca.pem";
  settings.https[1].client_crl_file = "crl.pem";
  settings::DiameterSettings diameter;
  diameter.ca_file = "peers.pem";
  diameter.crl_file = "crl.pem";
  settings::Sip sip;
  sip.certificate_file = "c.pem";
  sip.ca_file = "ca.pem";
  const auto files = certificate_files(settings, &diameter, &sip);
  EXPECT_EQ(names(files, Dated::Certificate), (Names{"a.pem", "b.pem", "c.pem"}));
  EXPECT_EQ(names(files, Dated::Authorities), (Names{"ca.pem", "peers.pem"}));
  EXPECT_EQ(names(files, Dated::Revocations), (Names{"crl.pem"}));
  EXPECT_TRUE(certificate_dates({{"/nothing/of/that/name.pem", Dated::Certificate}}).empty());
}

TEST(CertificateDates, OfAnAuthorityAreWarnedOfAsOurOwn) {
  const CertificateDate date{"ca.pem", kEnd - 365 * kDay, kEnd, Dated::Authorities};
  EXPECT_EQ(warning_of(date, kEnd - 3 * kDay), "ca.pem: an authority's certificate ends in 3 days");
  EXPECT_EQ(warning_of(date, kEnd + 1), "ca.pem: an authority's certificate is not valid today");
}

TEST(CertificateDates, AListIsWarnedOfWhenItIsOutOfDate) {
  const CertificateDate date{"crl.pem", 0, kEnd, Dated::Revocations};
  EXPECT_EQ(warning_of(date, kEnd - 1), std::nullopt) << "the next one comes in time";
  EXPECT_EQ(warning_of(date, kEnd), std::nullopt);
  EXPECT_EQ(warning_of(date, kEnd + 1),
            "crl.pem: the list of revoked certificates is out of date: nobody who shows a certificate is let in");
}

// Made with openssl ca -gencrl, of an authority that is there no more; next update 2025-02-01 00:00:00 UTC.
constexpr const char* kList = R"(-----BEGIN X509 CRL-----
MIGmME4CAQEwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwER29uZRcNMjUwMTAxMDAw
MDAwWhcNMjUwMjAxMDAwMDAwWqAOMAwwCgYDVR0UBAMCAQEwCgYIKoZIzj0EAwID
SAAwRQIhAK7KIKZHytWyWxSFO4CHy3xET+0pdctFRGj6GArdukhiAiB4yEuo2TcQ
8pD9G5vkVQ8UXCSQA2a2DiLeIeHveqBt9g==
-----END X509 CRL-----
)";

struct PemFile {
  storage::TempDirectory directory;
  std::string path = directory.path() + "/list.pem";
  explicit PemFile(const std::string& text) { std::ofstream(path) << text; }
};

TEST(CertificateDates, ThoseOfAListAreRead) {
  const PemFile file(kList);
  const auto dates = certificate_dates({{file.path, Dated::Revocations}});
  ASSERT_EQ(dates.size(), 1U);
  EXPECT_EQ(dates[0].not_after, 1'738'368'000);
  const PemFile garbage("no list\n");
  EXPECT_TRUE(certificate_dates({{garbage.path, Dated::Revocations}}).empty());
}

}  // namespace
}  // namespace claviger::broker
