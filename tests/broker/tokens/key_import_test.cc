// Signing keys from outside: which are taken, which are refused.
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <gtest/gtest.h>

#include "core/crypto/private_key_pem.h"
#include "tests/broker/tokens/key_bed.h"

namespace claviger::tokens {
namespace {

using crypto::SignatureAlgorithm;

std::string pem_of(EVP_PKEY* key, bool is_traditional = false, const char* passphrase = nullptr) {
  EXPECT_NE(key, nullptr);
  BIO* bio = BIO_new(BIO_s_mem());
  const EVP_CIPHER* cipher = passphrase == nullptr ? nullptr : EVP_aes_256_cbc();
  void* given = const_cast<char*>(passphrase);
  const int written = is_traditional ? PEM_write_bio_PrivateKey_traditional(bio, key, cipher, nullptr, 0, nullptr, given)
                                     : PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, nullptr, 0, nullptr, given);
  EXPECT_EQ(written, 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return pem;
}
EVP_PKEY* ec(const char* curve) { return EVP_EC_gen(curve); }
EVP_PKEY* rsa(std::size_t bits) { return EVP_RSA_gen(bits); }
EVP_PKEY* edwards(const char* name) { return EVP_PKEY_Q_keygen(nullptr, nullptr, name); }

Result<KeyInfo> import_pem(KeyBed& bed, const std::string& pem, const std::string& tenant = "alpha") {
  auto pkcs8 = crypto::pkcs8_of_pem(pem);
  if (!pkcs8) return pkcs8.error();
  return bed.wait(import_key(bed.context(), tenant, *std::move(pkcs8)));
}
std::optional<Code> refusal(KeyBed& bed, const std::string& pem, const std::string& tenant = "alpha") {
  const auto imported = import_pem(bed, pem, tenant);
  return imported ? std::nullopt : std::optional(imported.error().code);
}

TEST(KeyImport, TakesEachAlgorithmAndSignsAfterTheRotation) {
  const std::pair<SignatureAlgorithm, std::string> kinds[] = {{SignatureAlgorithm::Es256, pem_of(ec("P-256"))},
                                                              {SignatureAlgorithm::EdDsa, pem_of(edwards("ED25519"))},
                                                              {SignatureAlgorithm::Rs256, pem_of(rsa(3072))}};
  for (const auto& [algorithm, pem] : kinds) {
    KeyBed bed(algorithm);
    const std::string before = bed.kid_of(KeyState::Next);
    const auto imported = import_pem(bed, pem);
    ASSERT_TRUE(imported) << crypto::name_of(algorithm);
    EXPECT_EQ(imported->state, KeyState::Next);
    EXPECT_EQ(bed.kid_of(KeyState::Next), imported->kid);
    EXPECT_TRUE(bed.publishes(imported->kid));
    EXPECT_FALSE(bed.publishes(before));  // nothing was signed with it
    ASSERT_TRUE(bed.wait(rotate_keys(bed.context(), "alpha")));
    EXPECT_EQ(bed.kid_of(KeyState::Active), imported->kid);
    const auto token = bed.token();
    ASSERT_TRUE(token);
    EXPECT_EQ(bed.verdict(*token), std::nullopt);
  }
}

TEST(KeyImport, TakesTheOlderForms) {
  KeyBed bed;
  EXPECT_EQ(refusal(bed, pem_of(ec("P-256"), true)), std::nullopt);  // SEC 1
  // As `openssl ecparam -genkey` writes it.
  EXPECT_EQ(refusal(bed, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pem_of(ec("P-256"), true)),
            std::nullopt);
  KeyBed with_rsa(SignatureAlgorithm::Rs256);
  EXPECT_EQ(refusal(with_rsa, pem_of(rsa(2048), true)), std::nullopt);  // PKCS #1
}

TEST(KeyImport, WaitsForItsTurnInTheSchedule) {
  KeyBed bed;
  KeySchedule schedule(*bed.context());
  bed.forward(Seconds{89 * 24 * 3600 + 12 * 3600});
  const auto imported = import_pem(bed, pem_of(ec("P-256")));
  ASSERT_TRUE(imported);
  bed.forward(Seconds{12 * 3600});
  bed.look(schedule);
  EXPECT_NE(bed.kid_of(KeyState::Active), imported->kid);  // verifiers have had half a day
  bed.forward(Seconds{12 * 3600});
  bed.look(schedule);
  EXPECT_EQ(bed.kid_of(KeyState::Active), imported->kid);
}

TEST(KeyImport, RefusesWeakAndWrongKeys) {
  KeyBed bed;
  EXPECT_EQ(refusal(bed, pem_of(rsa(1024))), Code::KeyWeak);
  EXPECT_EQ(refusal(bed, pem_of(ec("P-384"))), Code::KeyType);
  EXPECT_EQ(refusal(bed, pem_of(ec("secp256k1"))), Code::KeyType);
  EXPECT_EQ(refusal(bed, pem_of(edwards("ED448"))), Code::KeyType);
  EXPECT_EQ(refusal(bed, pem_of(edwards("X25519"))), Code::KeyType);
  // Sound, but not what the tenant's verifiers were told.
  EXPECT_EQ(refusal(bed, pem_of(rsa(2048))), Code::KeyType);
  EXPECT_EQ(refusal(bed, pem_of(edwards("ED25519"))), Code::KeyType);
  EXPECT_EQ(refusal(bed, pem_of(ec("P-256")), "nobody"), Code::NotFound);
}

TEST(KeyImport, RefusesWhatIsNotOnePrivateKey) {
  KeyBed bed;
  const std::string good = pem_of(ec("P-256"));
  EXPECT_EQ(refusal(bed, ""), Code::KeyMalformed);
  EXPECT_EQ(refusal(bed, "no key"), Code::KeyMalformed);
  EXPECT_EQ(refusal(bed, good + pem_of(ec("P-256"))), Code::KeyMalformed);
  EXPECT_EQ(refusal(bed, pem_of(ec("P-256"), false, "passphrase")), Code::KeyMalformed);
  EXPECT_EQ(refusal(bed, pem_of(ec("P-256"), true, "passphrase")), Code::KeyMalformed);
  EXPECT_EQ(refusal(bed, "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"),
            Code::KeyMalformed);
  EXPECT_EQ(refusal(bed, good + std::string(crypto::kPrivateKeyPemMax, ' ')), Code::KeyMalformed);
  for (std::size_t size = 0; size + 30 < good.size(); ++size) EXPECT_EQ(refusal(bed, good.substr(0, size)), Code::KeyMalformed);
  EXPECT_EQ(refusal(bed, good), std::nullopt);
}

// Keys are never shared between tenants, and a key that was revoked stays revoked.
TEST(KeyImport, RefusesAKeyThatIsKnown) {
  KeyBed bed;
  bed.add("bravo");
  const std::string pem = pem_of(ec("P-256"));
  const auto imported = import_pem(bed, pem);
  ASSERT_TRUE(imported);
  EXPECT_EQ(refusal(bed, pem), Code::Duplicate);
  EXPECT_EQ(refusal(bed, pem, "bravo"), Code::Duplicate);
  ASSERT_TRUE(bed.wait(revoke_key(bed.context(), "alpha", imported->kid)));
  EXPECT_EQ(refusal(bed, pem), Code::KeyUse);
  // Its record goes with a later rotation; the revocation stays.
  ASSERT_TRUE(bed.wait(rotate_keys(bed.context(), "alpha")));
  EXPECT_EQ(refusal(bed, pem), Code::KeyUse);
}

// RFC 7515 appendix A.3: everybody has this one.
TEST(KeyImport, RefusesAKeyOutOfAStandard) {
  KeyBed bed;
  EXPECT_EQ(refusal(bed,
                    "-----BEGIN EC PRIVATE KEY-----\n"
                    "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49\n"
                    "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n"
                    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n-----END EC PRIVATE KEY-----\n"),
            Code::KeyPublished);
}

}  // namespace
}  // namespace claviger::tokens
