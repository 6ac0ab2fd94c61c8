#include "broker/keys/key_period.h"

#include <gtest/gtest.h>

namespace claviger::keys {
namespace {

TEST(KeyPeriods, CountsFrom1900) {  // spec 5.2
  const KeyPeriods periods;
  EXPECT_EQ(*periods.number_at(1'393'144'754), 1389U);
  EXPECT_EQ(*periods.number_at(periods.begins_at(1389)), 1389U);
  EXPECT_EQ(*periods.number_at(periods.ends_at(1389) - 1), 1389U);
  EXPECT_EQ(*periods.number_at(periods.ends_at(1389)), 1390U);
}

TEST(KeyPeriods, RefusesTimesBeforeTheFirst) {
  const KeyPeriods late{2'592'000, 0xFFFF'FFFF};
  EXPECT_TRUE(late.number_at(1'393'144'754).failed_with(Code::OutOfRange));
  EXPECT_TRUE(KeyPeriods{}.number_at(-kNtpEpoch - 1).failed_with(Code::OutOfRange));
  EXPECT_EQ(*KeyPeriods{}.number_at(-kNtpEpoch), 0U);
}

TEST(NtpTimestamp, ReadsTheExampleOfTheStandard) {  // clause D.2.4
  EXPECT_EQ(*read_ntp_timestamp("D6B4323200000000", 1'393'144'000), 1'393'144'754);
  EXPECT_EQ(*read_ntp_timestamp("d6b43232ffffffff", 1'393'144'000), 1'393'144'754);
}

TEST(NtpTimestamp, ChoosesTheEraNearestToNow) {
  constexpr std::int64_t kEraOne = 2'085'978'496;  // 2036-02-07T06:28:16Z
  EXPECT_EQ(*read_ntp_timestamp("0000000A00000000", kEraOne - 100), kEraOne + 10);
  EXPECT_EQ(*read_ntp_timestamp("FFFFFFFF00000000", kEraOne + 100), kEraOne - 1);
}

TEST(NtpTimestamp, RefusesWhatIsNone) {  // spec 11 row 19
  for (const char* text : {"", "D6B432320000000", "D6B43232000000000", "D6B43232 0000000", "G6B4323200000000"}) {
    EXPECT_TRUE(read_ntp_timestamp(text, 0).failed_with(Code::UriPathInvalid)) << text;
  }
}

}  // namespace
}  // namespace claviger::keys
