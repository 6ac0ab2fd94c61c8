#include "broker/certificate_dates.h"

#include <gtest/gtest.h>

#include "broker/settings/diameter_settings.h"
#include "broker/settings/settings.h"
#include "broker/settings/sip_settings.h"

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

TEST(CertificateDates, AreOfTheFilesInForceEachOnce) {
  settings::Settings settings;
  for (const char* file : {"b.pem", "a.pem", "b.pem"}) settings.https.emplace_back().certificate_file = file;
  EXPECT_EQ(certificate_files(settings, nullptr, nullptr), (std::vector<std::string>{"a.pem", "b.pem"}));
  settings::DiameterSettings diameter;
  settings::Sip sip;
  sip.certificate_file = "c.pem";
  EXPECT_EQ(certificate_files(settings, &diameter, &sip), (std::vector<std::string>{"a.pem", "b.pem", "c.pem"}));
  EXPECT_TRUE(certificate_dates({"/nothing/of/that/name.pem"}).empty());
}

}  // namespace
}  // namespace claviger::broker
