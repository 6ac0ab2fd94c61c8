#include "core/crypto/rsa_modulus.h"

#include <gmp.h>

#include <array>

namespace claviger::crypto {
namespace {

class Integer {
 public:
  Integer() { mpz_init(value_); }
  Integer(const Integer&) = delete;
  Integer& operator=(const Integer&) = delete;
  ~Integer() { mpz_clear(value_); }
  mpz_ptr get() { return value_; }

 private:
  mpz_t value_;
};

bool is_prime(unsigned number) {
  for (unsigned divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return true;
}

bool has_small_factor(mpz_ptr n) {
  for (unsigned prime = 3; prime < kSmallPrimeMax; prime += 2) {
    if (is_prime(prime) && mpz_fdiv_ui(n, prime) == 0) return true;
  }
  return false;
}

// CVE-2017-15361 ("ROCA"), in smart cards of many makers: both primes are powers of 65537 modulo a product of small
// primes, so the modulus is one, too. By chance that happens to one key in 2^154.
bool is_infineon(mpz_ptr n) {
  constexpr unsigned kLastPrime = 167;
  for (unsigned prime = 3; prime <= kLastPrime; prime += 2) {
    if (!is_prime(prime)) continue;
    const auto residue = static_cast<unsigned>(mpz_fdiv_ui(n, prime));
    unsigned power = 1;
    bool is_power = false;
    for (unsigned i = 0; i < prime && !is_power; ++i) {
      is_power = power == residue;
      power = power * (65537U % prime) % prime;
    }
    if (!is_power) return false;
  }
  return true;
}

// Fermat: n = a^2 - b^2 with a near the square root when the factors are near each other.
bool has_close_factors(mpz_ptr n) {
  Integer a;
  Integer rest;
  mpz_sqrtrem(a.get(), rest.get(), n);
  if (mpz_sgn(rest.get()) == 0) return true;  // a square
  mpz_add_ui(a.get(), a.get(), 1);
  mpz_mul(rest.get(), a.get(), a.get());
  mpz_sub(rest.get(), rest.get(), n);
  for (int step = 0; step < kFermatStepsMax; ++step) {
    if (mpz_perfect_square_p(rest.get()) != 0) return true;
    mpz_addmul_ui(rest.get(), a.get(), 2);  // (a + 1)^2 = a^2 + 2 a + 1
    mpz_add_ui(rest.get(), rest.get(), 1);
    mpz_add_ui(a.get(), a.get(), 1);
  }
  return false;
}

}  // namespace

RsaWeakness weakness_of(Bytes modulus) {
  Integer n;
  mpz_import(n.get(), modulus.size(), 1, 1, 0, 0, modulus.data());
  if (mpz_even_p(n.get()) != 0) return RsaWeakness::Even;
  if (has_small_factor(n.get())) return RsaWeakness::SmallFactor;
  if (has_close_factors(n.get())) return RsaWeakness::CloseFactors;
  if (is_infineon(n.get())) return RsaWeakness::Infineon;
  return RsaWeakness::None;
}

}  // namespace claviger::crypto
