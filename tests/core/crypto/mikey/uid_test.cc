#include "core/crypto/mikey/uid.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/mikey/published.h"

namespace claviger::mikey {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

KeyPeriods periods_of(codec::JsonObject entry) {
  return *KeyPeriods::make(static_cast<std::uint64_t>(*entry.int_at("period")),
                           static_cast<std::uint64_t>(*entry.int_at("offset")));
}

TEST(Uid, ReproducesTheIndependentValues) {
  for (const auto value : array_at(object_at(published(), "gpp"), "uid")) {
    const auto entry = *value.as_object();
    const auto uid = compute_uid(text_at(entry, "user_uri"), text_at(entry, "kms_uri"), periods_of(entry),
                                 static_cast<std::uint64_t>(*entry.int_at("number")));
    ASSERT_TRUE(uid);
    EXPECT_EQ(to_hex(*uid), text_at(entry, "uid"));
  }
}

TEST(Uid, DependsOnEachParameterAndNormalisesNothing) {
  const KeyPeriods month = *KeyPeriods::make(2592000, 0);
  const std::string base = to_hex(*compute_uid("sip:user@example.org", "kms.example.org", month, 1388));
  EXPECT_EQ(base.substr(0, 8), "3a81fb14");
  EXPECT_NE(to_hex(*compute_uid("SIP:user@example.org", "kms.example.org", month, 1388)), base);
  EXPECT_NE(to_hex(*compute_uid("sip:user@example.org", "kms.example.org.", month, 1388)), base);
  EXPECT_NE(to_hex(*compute_uid("sip:user@example.org", "kms.example.org", month, 1389)), base);
  EXPECT_NE(to_hex(*compute_uid("sip:user@example.org", "kms.example.org", *KeyPeriods::make(2592000, 1), 1388)), base);
  EXPECT_NE(to_hex(*compute_uid("sip:user@example.org", "kms.example.org", *KeyPeriods::make(2592001, 0), 1388)), base);
  // A boundary moved between the two URIs is another input: lengths follow their parameters.
  EXPECT_NE(to_hex(*compute_uid("sip:user@example.orgk", "ms.example.org", month, 1388)), base);
}

TEST(Uid, RefusesUrisThatAreEmptyOrTooLong) {
  const KeyPeriods month = *KeyPeriods::make(2592000, 0);
  const std::string longest(kUidUriBytesMax, 'u');
  EXPECT_TRUE(compute_uid("", "kms", month, 1).failed_with(Code::Empty));
  EXPECT_TRUE(compute_uid("user", "", month, 1).failed_with(Code::Empty));
  EXPECT_TRUE(compute_uid(longest, longest, month, 1));
  EXPECT_TRUE(compute_uid(longest + "u", "kms", month, 1).failed_with(Code::TooLarge));
  EXPECT_TRUE(compute_uid("user", longest + "u", month, 1).failed_with(Code::TooLarge));
}

TEST(KeyPeriods, ReproducesThePublishedNumbers) {
  for (const auto value : array_at(object_at(published(), "gpp"), "key_period")) {
    const auto entry = *value.as_object();
    const auto time = to_ntp(sys_seconds(seconds(*entry.int_at("unix"))));
    ASSERT_TRUE(time);
    EXPECT_EQ(time->count, static_cast<std::uint64_t>(*entry.int_at("ntp_seconds")));
    EXPECT_EQ(*periods_of(entry).number_at(*time), static_cast<std::uint64_t>(*entry.int_at("number")));
  }
}

TEST(KeyPeriods, StartsAndEndsToTheSecond) {
  const KeyPeriods week = *KeyPeriods::make(604800, 3600);
  const NtpSeconds start = *week.start_of(6463);
  EXPECT_EQ(*week.number_at(start), 6463U);
  EXPECT_EQ(*week.number_at({start.count - 1}), 6462U);
  EXPECT_EQ(*week.number_at({start.count + 604799}), 6463U);
  EXPECT_EQ(*week.number_at({start.count + 604800}), 6464U);
}

TEST(KeyPeriods, RefusesParametersAndTimesOutOfRange) {
  EXPECT_TRUE(KeyPeriods::make(0, 0).failed_with(Code::OutOfRange));
  EXPECT_TRUE(KeyPeriods::make(std::uint64_t{1} << 32U, 0).failed_with(Code::OutOfRange));
  EXPECT_TRUE(KeyPeriods::make(1, std::uint64_t{1} << 32U).failed_with(Code::OutOfRange));
  EXPECT_TRUE(KeyPeriods::make(1, 0xFFFFFFFF));
  const KeyPeriods late = *KeyPeriods::make(10, 1000);
  EXPECT_TRUE(late.number_at({999}).failed_with(Code::OutOfRange));  // a negative numerator
  EXPECT_EQ(*late.number_at({1000}), 0U);
  EXPECT_TRUE(late.number_at({~std::uint64_t{0}}).failed_with(Code::OutOfRange));
  EXPECT_TRUE(late.start_of(~std::uint64_t{0}).failed_with(Code::OutOfRange));
  EXPECT_TRUE(to_ntp(sys_seconds(seconds(-2208988801))).failed_with(Code::OutOfRange));
}

TEST(NtpTimestamp, ChoosesTheEraNearestToNow) {
  // D6B4323200000000 is 2014-02-23T08:39:14Z.
  const NtpSeconds in_2026 = *to_ntp(sys_seconds(seconds(1795000000)));
  EXPECT_EQ(from_ntp(from_timestamp(0xD6B4323200000000, in_2026)), sys_seconds(seconds(1393144754)));
  // Era 1 begins 2036-02-07T06:28:16Z: seconds 2^32.
  const NtpSeconds before{(std::uint64_t{1} << 32U) - 10};
  const NtpSeconds after{(std::uint64_t{1} << 32U) + 10};
  EXPECT_EQ(from_timestamp(to_timestamp(after), before).count, after.count);
  EXPECT_EQ(from_timestamp(to_timestamp(before), after).count, before.count);
  EXPECT_EQ(from_ntp({std::uint64_t{1} << 32U}), sys_seconds(seconds(2085978496)));
  EXPECT_EQ(from_timestamp(0xFFFFFFFF00000000, {5}).count, 0xFFFFFFFFU);  // there is no era before 0
}

}  // namespace
}  // namespace claviger::mikey
