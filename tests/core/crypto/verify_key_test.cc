#include "core/crypto/verify_key.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <map>
#include <thread>

#include "core/crypto/jwk.h"
#include "core/crypto/signing_key.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

TEST(VerifyKey, PublishedSignatures) {  // RFC 7515 A.2, A.3; RFC 8037 A.4
  VerifyContext context;
  int verified = 0;
  for (const codec::JsonValue value : array_at(vectors(), "jws_positive")) {
    const auto jws = *value.as_object();
    const auto algorithm = signature_algorithm_named(*jws.string_at("alg"));
    if (!algorithm) continue;
    const auto jwk = object_at(jws, "jwk");
    const auto part = [&](std::string_view name) { return from_base64url(*jwk.string_at(name)); };
    auto key = *algorithm == SignatureAlgorithm::Es256   ? VerifyKey::from_p256(part("x"), part("y"))
               : *algorithm == SignatureAlgorithm::EdDsa ? VerifyKey::from_ed25519(part("x"))
                                                         : VerifyKey::from_rsa(part("n"), part("e"));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->algorithm(), *algorithm);
    const CompactJws parts = split(*jws.string_at("compact"));
    EXPECT_TRUE(key->verify(context, as_bytes(parts.signing_input), parts.signature));
    ++verified;

    // Each bit of the signature counts, and so does its length.
    std::vector<std::byte> other = parts.signature;
    for (std::size_t bit = 0; bit < other.size() * 8; bit += 7) {
      other[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
      EXPECT_TRUE(key->verify(context, as_bytes(parts.signing_input), other).failed_with(Code::SignatureInvalid));
      other[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    }
    EXPECT_FALSE(key->verify(context, as_bytes(parts.signing_input), Bytes(other).first(other.size() - 1)));
    EXPECT_FALSE(key->verify(context, as_bytes(parts.signing_input), {}));
    other.push_back(std::byte{0});
    EXPECT_FALSE(key->verify(context, as_bytes(parts.signing_input), other));
    EXPECT_FALSE(key->verify(context, as_bytes(parts.signing_input.substr(1)), parts.signature));
  }
  EXPECT_EQ(verified, 3);
}

TEST(VerifyKey, Thumbprints) {  // RFC 7638 3.1, RFC 8037 A.3, RFC 9449 6.1
  for (const codec::JsonValue value : array_at(vectors(), "jwk_thumbprint")) {
    const auto vector = *value.as_object();
    codec::JsonReader reader;
    const auto document = reader.parse(*vector.string_at("canonical"));
    const auto jwk = read_jwk(*document->as_object());
    ASSERT_TRUE(jwk);
    EXPECT_EQ(jwk->key.thumbprint(), *vector.string_at("thumbprint_sha256"));
  }
}

TEST(VerifyKey, RefusesPointsOffTheCurve) {
  const auto x = from_base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
  const auto y = from_base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  EXPECT_TRUE(VerifyKey::from_p256(x, y));
  auto off = y;
  off[31] ^= std::byte{1};
  EXPECT_TRUE(VerifyKey::from_p256(x, off).failed_with(Code::KeyNotOnCurve));
  EXPECT_TRUE(VerifyKey::from_p256(y, x).failed_with(Code::KeyNotOnCurve));
  const std::vector<std::byte> zero(32);
  EXPECT_TRUE(VerifyKey::from_p256(zero, zero).failed_with(Code::KeyNotOnCurve));
  // x + p: the same point to a reader that reduces.
  const auto x_of_5 = from_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
  EXPECT_TRUE(VerifyKey::from_p256(x_of_5, y).failed_with(Code::KeyNotOnCurve));
}

TEST(VerifyKey, RefusesCoordinatesOfAnotherLength) {
  const auto x = from_base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
  const auto y = from_base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  std::vector<std::byte> longer(1);
  longer.insert(longer.end(), x.begin(), x.end());
  EXPECT_TRUE(VerifyKey::from_p256(longer, y).failed_with(Code::KeyMalformed));
  for (std::size_t size = 0; size < 32; ++size) {
    EXPECT_TRUE(VerifyKey::from_p256(Bytes(x).first(size), y).failed_with(Code::KeyMalformed));
    EXPECT_TRUE(VerifyKey::from_p256(x, Bytes(y).first(size)).failed_with(Code::KeyMalformed));
    EXPECT_TRUE(VerifyKey::from_ed25519(Bytes(x).first(size)).failed_with(Code::KeyMalformed));
  }
}

TEST(VerifyKey, RefusesEd25519PointsOfSmallOrder) {
  // The eight points of small order, and encodings of them that are not canonical.
  for (const std::string_view point : {
           "0000000000000000000000000000000000000000000000000000000000000000",
           "0000000000000000000000000000000000000000000000000000000000000080",
           "0100000000000000000000000000000000000000000000000000000000000000",
           "0100000000000000000000000000000000000000000000000000000000000080",
           "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
           "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
           // not a point at all
           "0200000000000000000000000000000000000000000000000000000000000000",
       }) {
    EXPECT_TRUE(VerifyKey::from_ed25519(from_hex(point)).failed_with(Code::KeyNotOnCurve)) << point;
  }
}

TEST(VerifyKey, EdDsaIsStrict) {
  VerifyContext context;
  const auto key = SigningKey::generate(SignatureAlgorithm::EdDsa);
  ASSERT_TRUE(key);
  std::array<std::byte, 64> signature;
  SigningContext signing;
  ASSERT_TRUE(key->sign(signing, as_bytes("text"), signature));
  EXPECT_TRUE(key->verify_key().verify(context, as_bytes("text"), signature));
  // S + L: the same signature to a verifier that does not compare S with L (RFC 8032 clause 5.1.7).
  const auto order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += std::to_integer<unsigned>(signature[32 + i]) + std::to_integer<unsigned>(order[i]);
    signature[32 + i] = static_cast<std::byte>(carry & 0xFFU);
    carry >>= 8U;
  }
  EXPECT_FALSE(key->verify_key().verify(context, as_bytes("text"), signature));
  EXPECT_FALSE(key->verify_key().verify(context, as_bytes("text"), std::array<std::byte, 64>{}));
}

TEST(VerifyKey, RefusesWeakRsa) {
  const auto jwk = object_at(*(*array_at(vectors(), "jwk_thumbprint").begin()).as_object(), "jwk");
  const auto n = from_base64url(*jwk.string_at("n"));
  const auto e = from_hex("010001");
  ASSERT_TRUE(VerifyKey::from_rsa(n, e));
  for (const std::string_view bad : {"01", "02", "03", "11", "ffff", "010000", "010002"}) {
    EXPECT_TRUE(VerifyKey::from_rsa(n, from_hex(bad)).failed_with(Code::KeyWeak)) << bad;
  }
  EXPECT_TRUE(VerifyKey::from_rsa(n, from_hex("010000000000000001")).failed_with(Code::KeyWeak));  // 65 bits
  EXPECT_TRUE(VerifyKey::from_rsa(n, from_hex("00010001")).failed_with(Code::KeyMalformed));
  EXPECT_TRUE(VerifyKey::from_rsa(n, {}).failed_with(Code::KeyMalformed));
  EXPECT_TRUE(VerifyKey::from_rsa({}, e).failed_with(Code::KeyMalformed));
  EXPECT_TRUE(VerifyKey::from_rsa(Bytes(n).first(255), e).failed_with(Code::KeyWeak));  // 2040 bits
  auto even = n;
  even[255] &= std::byte{0xFE};
  EXPECT_TRUE(VerifyKey::from_rsa(even, e).failed_with(Code::KeyWeak));
  auto by_three = n;  // the multiple of 3 nearest above
  for (int i = 0; i < 3; ++i) {
    unsigned remainder = 0;
    for (const std::byte octet : by_three) remainder = (remainder * 256 + std::to_integer<unsigned>(octet)) % 3;
    if (remainder == 0) break;
    by_three[255] = static_cast<std::byte>(std::to_integer<unsigned>(by_three[255]) + 1);
  }
  EXPECT_TRUE(VerifyKey::from_rsa(by_three, e).failed_with(Code::KeyWeak));
  EXPECT_TRUE(VerifyKey::from_rsa(std::vector<std::byte>(1025, std::byte{0xFF}), e).failed_with(Code::KeyMalformed));
}

std::vector<std::byte> spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const Bytes bytes = std::as_bytes(std::span(der, static_cast<std::size_t>(size)));
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  OPENSSL_free(der);
  return copy;
}

class Spki : public testing::TestWithParam<SignatureAlgorithm> {};

TEST_P(Spki, ThereAndBack) {
  EVP_PKEY* pkey = GetParam() == SignatureAlgorithm::Es256   ? EVP_EC_gen("P-256")
                   : GetParam() == SignatureAlgorithm::EdDsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                                             : EVP_RSA_gen(2048);
  const auto der = spki_of(pkey);
  const auto key = VerifyKey::from_spki(der);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->algorithm(), GetParam());
  for (std::size_t size = 0; size < der.size(); ++size) EXPECT_FALSE(VerifyKey::from_spki(Bytes(der).first(size)));
  auto longer = der;
  longer.push_back(std::byte{0});
  EXPECT_TRUE(VerifyKey::from_spki(longer).failed_with(Code::KeyMalformed));

  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, pkey);
  char* text = nullptr;
  const long text_size = BIO_get_mem_data(bio, &text);
  const std::string pem(text, static_cast<std::size_t>(text_size));
  BIO_free(bio);
  EVP_PKEY_free(pkey);
  const auto from_pem = VerifyKey::from_pem(pem);
  ASSERT_TRUE(from_pem);
  EXPECT_EQ(from_pem->thumbprint(), key->thumbprint());
  EXPECT_FALSE(VerifyKey::from_pem(""));
  EXPECT_FALSE(VerifyKey::from_pem("-----BEGIN PUBLIC KEY-----\n"));
}

INSTANTIATE_TEST_SUITE_P(All, Spki,
                         testing::Values(SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa,
                                         SignatureAlgorithm::Rs256),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

TEST(VerifyKey, RefusesOtherKindsOfKey) {
  for (EVP_PKEY* pkey : {EVP_EC_gen("P-384"), EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"),
                         EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448")}) {
    EXPECT_TRUE(VerifyKey::from_spki(spki_of(pkey)).failed_with(Code::KeyType));
    EVP_PKEY_free(pkey);
  }
}

TEST(VerifyKey, ServesManyThreads) {
  for (const auto algorithm : {SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa, SignatureAlgorithm::Rs256}) {
    const auto key = SigningKey::generate(algorithm);
    ASSERT_TRUE(key);
    const VerifyKey& shared = key->verify_key();
    std::vector<std::thread> threads;
    std::atomic<int> failures{0};
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        SigningContext signing;
        VerifyContext verifying;
        std::array<std::byte, 256> signature;
        for (int i = 0; i < 20; ++i) {
          const auto size = key->sign(signing, as_bytes("text"), signature);
          if (!size || !shared.verify(verifying, as_bytes("text"), Bytes(signature).first(*size))) ++failures;
          if (shared.verify(verifying, as_bytes("tex"), Bytes(signature).first(*size))) ++failures;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(failures, 0);
  }
}

}  // namespace
}  // namespace claviger::crypto
