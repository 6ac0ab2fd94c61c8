#include "core/crypto/one_time_password.h"

#include <gtest/gtest.h>

namespace claviger::crypto {
namespace {

// RFC 4226 appendix D: secret "12345678901234567890".
TEST(Hotp, Rfc4226AppendixD) {
  constexpr std::uint32_t kExpected[] = {755224, 287082, 359152, 969429, 338314,
                                         254676, 287922, 162583, 399871, 520489};
  for (std::uint64_t counter = 0; counter < 10; ++counter) {
    EXPECT_EQ(*hotp(as_bytes("12345678901234567890"), counter, 6, OtpAlgorithm::Sha1), kExpected[counter]) << counter;
  }
}

// RFC 6238 appendix B, with the seeds of its reference code (erratum 2866).
TEST(Totp, Rfc6238AppendixB) {
  constexpr std::string_view kSeed = "1234567890123456789012345678901234567890123456789012345678901234";
  struct Row {
    std::int64_t time;
    std::uint32_t sha1, sha256, sha512;
  };
  constexpr Row kRows[] = {{59, 94287082, 46119246, 90693936},         {1111111109, 7081804, 68084774, 25091201},
                           {1111111111, 14050471, 67062674, 99943326}, {1234567890, 89005924, 91819424, 93441116},
                           {2000000000, 69279037, 90698825, 38618901}, {20000000000, 65353130, 77737706, 47863826}};
  for (const Row& row : kRows) {
    const std::uint64_t step = totp_step(row.time, 30);
    EXPECT_EQ(*hotp(as_bytes(kSeed.substr(0, 20)), step, 8, OtpAlgorithm::Sha1), row.sha1) << row.time;
    EXPECT_EQ(*hotp(as_bytes(kSeed.substr(0, 32)), step, 8, OtpAlgorithm::Sha256), row.sha256) << row.time;
    EXPECT_EQ(*hotp(as_bytes(kSeed), step, 8, OtpAlgorithm::Sha512), row.sha512) << row.time;
  }
}

TEST(Totp, StepsBeginAtTheirFirstSecond) {
  EXPECT_EQ(totp_step(29, 30), 0U);
  EXPECT_EQ(totp_step(30, 30), 1U);
  EXPECT_EQ(totp_step(-1, 30), 0U);
}

}  // namespace
}  // namespace claviger::crypto
