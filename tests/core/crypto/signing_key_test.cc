#include "core/crypto/signing_key.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

class Signing : public testing::TestWithParam<SignatureAlgorithm> {};

TEST_P(Signing, VerifiesAndReadsBack) {
  const auto key = SigningKey::generate(GetParam());
  ASSERT_TRUE(key);
  EXPECT_EQ(key->algorithm(), GetParam());
  EXPECT_EQ(key->kid().size(), 43U);
  SigningContext signing;
  VerifyContext verifying;
  std::array<std::byte, kSignatureBytesMax> signature;
  for (const std::string_view text : {"", "a", "a longer text"}) {
    const auto size = key->sign(signing, as_bytes(text), signature);
    ASSERT_TRUE(size);
    EXPECT_EQ(*size, key->signature_size());
    EXPECT_TRUE(key->verify_key().verify(verifying, as_bytes(text), Bytes(signature).first(*size)));
    EXPECT_FALSE(key->verify_key().verify(verifying, as_bytes("other"), Bytes(signature).first(*size)));
  }

  const auto pkcs8 = key->to_pkcs8();
  ASSERT_TRUE(pkcs8);
  const auto back = SigningKey::from_pkcs8(pkcs8->reveal());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->kid(), key->kid());
  const auto size = back->sign(signing, as_bytes("text"), signature);
  ASSERT_TRUE(size);
  EXPECT_TRUE(key->verify_key().verify(verifying, as_bytes("text"), Bytes(signature).first(*size)));
}

TEST_P(Signing, RefusesTruncatedAndLongerPkcs8) {
  const auto key = SigningKey::generate(GetParam());
  const auto pkcs8 = key->to_pkcs8();
  const Bytes der = pkcs8->reveal();
  for (std::size_t size = 0; size < der.size(); size += size < 64 ? 1 : 13) {
    EXPECT_TRUE(SigningKey::from_pkcs8(der.first(size)).failed_with(Code::KeyMalformed));
  }
  std::vector<std::byte> longer(der.begin(), der.end());
  longer.push_back(std::byte{0});
  EXPECT_TRUE(SigningKey::from_pkcs8(longer).failed_with(Code::KeyMalformed));
}

INSTANTIATE_TEST_SUITE_P(All, Signing,
                         testing::Values(SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa,
                                         SignatureAlgorithm::Rs256),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

TEST(SigningKey, KeysDiffer) {
  EXPECT_NE(SigningKey::generate(SignatureAlgorithm::Es256)->kid(),
            SigningKey::generate(SignatureAlgorithm::Es256)->kid());
}

TEST(SigningKey, RefusesAPublicPartOfAnotherKey) {
  const auto one = SigningKey::generate(SignatureAlgorithm::Es256);
  const auto two = SigningKey::generate(SignatureAlgorithm::Es256);
  const auto der_one = one->to_pkcs8();
  const auto der_two = two->to_pkcs8();
  // RFC 5915: the public point ends the structure.
  std::vector<std::byte> mixed(der_one->reveal().begin(), der_one->reveal().end());
  std::copy(der_two->reveal().end() - 64, der_two->reveal().end(), mixed.end() - 64);
  EXPECT_TRUE(SigningKey::from_pkcs8(mixed).failed_with(Code::KeyMalformed));
}

}  // namespace
}  // namespace claviger::crypto
