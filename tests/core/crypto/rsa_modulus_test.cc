#include "core/crypto/rsa_modulus.h"

#include <gmp.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/crypto/verify_key.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

std::vector<std::byte> bytes_of(mpz_srcptr number) {
  std::vector<std::byte> bytes((mpz_sizeinbase(number, 2) + 7) / 8);
  mpz_export(bytes.data(), nullptr, 1, 1, 1, 0, number);
  return bytes;
}

std::vector<std::byte> published() {  // RFC 7638 clause 3.1
  return from_base64url(
      *object_at(*(*array_at(vectors(), "jwk_thumbprint").begin()).as_object(), "jwk").string_at("n"));
}

class RsaModulus : public testing::Test {
 protected:
  RsaModulus() {
    mpz_inits(a_, b_, n_, nullptr);
    mpz_ui_pow_ui(a_, 3, 640);  // 1015 bits
    mpz_mul_ui(a_, a_, 400);    // 1024 bits
  }
  ~RsaModulus() override { mpz_clears(a_, b_, n_, nullptr); }
  mpz_t a_, b_, n_;
};

TEST_F(RsaModulus, AGoodOne) { EXPECT_EQ(weakness_of(published()), RsaWeakness::None); }

TEST_F(RsaModulus, SmallFactors) {
  const auto good = published();
  mpz_import(n_, good.size(), 1, 1, 0, 0, good.data());
  for (const unsigned prime : {3U, 5U, 251U, 257U, 743U, 751U}) {
    mpz_sub_ui(b_, n_, mpz_fdiv_ui(n_, prime));  // the multiple below, which may be even
    if (mpz_even_p(b_) != 0) mpz_sub_ui(b_, b_, prime);
    EXPECT_EQ(weakness_of(bytes_of(b_)), RsaWeakness::SmallFactor) << prime;
  }
  mpz_add_ui(n_, n_, 1);
  EXPECT_EQ(weakness_of(bytes_of(n_)), RsaWeakness::Even);
}

TEST_F(RsaModulus, PrimesNextToEachOther) {
  mpz_nextprime(a_, a_);
  mpz_nextprime(b_, a_);
  mpz_mul(n_, a_, b_);
  EXPECT_EQ(weakness_of(bytes_of(n_)), RsaWeakness::CloseFactors);
  mpz_mul(n_, a_, a_);
  EXPECT_EQ(weakness_of(bytes_of(n_)), RsaWeakness::CloseFactors);
}

TEST_F(RsaModulus, PrimesOfInfineonsGenerator) {
  // Any number that is 65537^k modulo the product of the primes up to 167 has the mark, and no factor among them.
  mpz_set_ui(a_, 1);
  for (unsigned prime = 2; prime <= 167; ++prime) {
    if (mpz_fdiv_ui(a_, prime) != 0 && [&] {
          for (unsigned d = 2; d * d <= prime; ++d) {
            if (prime % d == 0) return false;
          }
          return true;
        }()) {
      mpz_mul_ui(a_, a_, prime);
    }
  }
  mpz_set_ui(b_, 65537);
  mpz_powm_ui(b_, b_, 123457, a_);
  bool is_found = false;
  for (unsigned multiple = 1; multiple < 200 && !is_found; ++multiple) {
    mpz_ui_pow_ui(n_, 2, 2047);
    mpz_fdiv_q(n_, n_, a_);
    mpz_add_ui(n_, n_, multiple);
    mpz_mul(n_, n_, a_);
    mpz_add(n_, n_, b_);
    const RsaWeakness weakness = weakness_of(bytes_of(n_));
    EXPECT_TRUE(weakness == RsaWeakness::Infineon || weakness == RsaWeakness::SmallFactor ||
                weakness == RsaWeakness::Even);
    is_found = weakness == RsaWeakness::Infineon;
    if (is_found) {
      EXPECT_TRUE(VerifyKey::from_rsa(bytes_of(n_), from_hex("010001")).failed_with(Code::KeyWeak));
    }
  }
  EXPECT_TRUE(is_found);
}

}  // namespace
}  // namespace claviger::crypto
