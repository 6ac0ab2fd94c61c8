#include "core/crypto/revocation_list.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::crypto {
namespace {

// Made with openssl ca -gencrl, of an authority that is there no more; next update 2025-02-01 00:00:00 UTC.
const std::string kList = R"(-----BEGIN X509 CRL-----
MIGmME4CAQEwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwER29uZRcNMjUwMTAxMDAw
MDAwWhcNMjUwMjAxMDAwMDAwWqAOMAwwCgYDVR0UBAMCAQEwCgYIKoZIzj0EAwID
SAAwRQIhAK7KIKZHytWyWxSFO4CHy3xET+0pdctFRGj6GArdukhiAiB4yEuo2TcQ
8pD9G5vkVQ8UXCSQA2a2DiLeIeHveqBt9g==
-----END X509 CRL-----
)";
constexpr std::int64_t kNext = 1'738'368'000;

TEST(RevocationList, TheEarliestOfAllCounts) {
  const auto one = earliest_next_update(kList);
  ASSERT_TRUE(one);
  EXPECT_EQ(*one, kNext);
  // The same, but for a month later.
  std::string later = kList;
  later.replace(later.find("hcNMjUwMjAx"), 11, "hcNMjUwMzAx");
  const auto other = earliest_next_update(later);
  ASSERT_TRUE(other);
  EXPECT_EQ(*other, kNext + 28 * 86'400);
  EXPECT_EQ(*earliest_next_update("words before\n" + later + kList + "words behind\n"), kNext);
}

TEST(RevocationList, WithoutOneOrWithOneThatCannotBeReadThereIsNoDate) {
  EXPECT_TRUE(earliest_next_update("").failed_with(Code::CertificateInvalid));
  EXPECT_TRUE(earliest_next_update("no list\n").failed_with(Code::CertificateInvalid));
  std::string broken = kList;
  broken.replace(broken.find("MIGm"), 4, "MIGn");
  EXPECT_TRUE(earliest_next_update(broken).failed_with(Code::CertificateInvalid));
  EXPECT_TRUE(earliest_next_update(kList + broken).failed_with(Code::CertificateInvalid));
  EXPECT_TRUE(earliest_next_update(kList + kList.substr(0, 100)).failed_with(Code::CertificateInvalid));
  EXPECT_TRUE(earliest_next_update(kList)) << "nothing is left of the errors";
}

}  // namespace
}  // namespace claviger::crypto
