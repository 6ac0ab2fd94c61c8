#include "core/crypto/secret_shares.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::crypto {
namespace {

const std::string kSecret = "a secret of one hundred and sixty octets, more or less";

std::vector<SecretBytes> some(const std::vector<SecretBytes>& shares, std::initializer_list<std::size_t> wanted) {
  std::vector<SecretBytes> chosen;
  for (const std::size_t index : wanted) chosen.push_back(shares[index].duplicate());
  return chosen;
}

TEST(SecretShares, AnyEnoughOfThemBringItBack) {
  const auto shares = split_secret(as_bytes(kSecret), 3, 5);
  ASSERT_TRUE(shares.has_value());
  ASSERT_EQ(shares->size(), 5U);
  for (const auto& chosen :
       {some(*shares, {0, 1, 2}), some(*shares, {4, 2, 0}), some(*shares, {1, 3, 4}), some(*shares, {0, 1, 2, 3, 4})}) {
    const auto secret = combine_shares(chosen);
    ASSERT_TRUE(secret.has_value());
    EXPECT_TRUE(secret->equals(as_bytes(kSecret)));
  }
}

TEST(SecretShares, TooFewAlteredOrTwiceDoNot) {
  const auto shares = split_secret(as_bytes(kSecret), 3, 5);
  EXPECT_TRUE(combine_shares(some(*shares, {0, 1})).failed_with(Code::CeremonyShares));
  EXPECT_TRUE(combine_shares(some(*shares, {0})).failed_with(Code::CeremonyShares));
  EXPECT_TRUE(combine_shares({}).failed_with(Code::CeremonyShares));
  EXPECT_TRUE(combine_shares(some(*shares, {0, 1, 1})).failed_with(Code::CeremonyShares));
  auto altered = some(*shares, {0, 1, 2});
  altered[1].reveal_for_writing()[7] ^= std::byte{1};
  EXPECT_TRUE(combine_shares(altered).failed_with(Code::CeremonyShares));
  auto cut = some(*shares, {0, 1, 2});
  cut[2] = SecretBytes(cut[2].reveal().first(cut[2].size() - 1));
  EXPECT_TRUE(combine_shares(cut).failed_with(Code::CeremonyShares));
  const auto others = split_secret(as_bytes(std::string(kSecret.size(), 'x')), 3, 5);
  auto mixed = some(*shares, {0, 1});
  mixed.push_back((*others)[2].duplicate());
  EXPECT_TRUE(combine_shares(mixed).failed_with(Code::CeremonyShares));
}

TEST(SecretShares, NoShareHoldsTheSecret) {
  const auto shares = split_secret(as_bytes(kSecret), 2, 2);
  for (const SecretBytes& share : *shares)
    EXPECT_EQ(as_text(share.reveal()).find(kSecret.substr(0, 8)), std::string_view::npos);
}

TEST(SecretShares, RefusesCountsThatMakeNoSense) {
  for (const auto& [threshold, count] : {std::pair{1, 3}, std::pair{0, 0}, std::pair{4, 3}, std::pair{2, 33}}) {
    EXPECT_TRUE(split_secret(as_bytes(kSecret), static_cast<std::size_t>(threshold), static_cast<std::size_t>(count))
                    .failed_with(Code::OutOfRange));
  }
}

}  // namespace
}  // namespace claviger::crypto
