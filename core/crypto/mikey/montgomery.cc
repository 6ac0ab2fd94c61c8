#include "core/crypto/mikey/montgomery.h"

#include <gmp.h>

#include "core/crypto/random.h"

namespace claviger::mikey {
namespace {

// A draw below m succeeds with a chance of at least 1/4 for the moduli here (q has 1022 of 1024 bits): that none of 256
// does is a broken generator.
constexpr int kDrawsMax = 256;

struct Number {
  Number() { mpz_init(value); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  ~Number() { mpz_clear(value); }
  mpz_t value;
};

static_assert(sizeof(mp_limb_t) == 8 && GMP_NAIL_BITS == 0);

}  // namespace

template <std::size_t N>
Result<Words<N>> random_below(const Words<N>& m) {
  Words<N> drawn;
  for (int draw = 0; draw < kDrawsMax; ++draw) {
    if (auto filled = crypto::fill_random(std::as_writable_bytes(std::span(drawn))); !filled) return filled.error();
    // Whether a draw was thrown away tells nothing of the next.
    if (is_less(drawn, m) != 0) {
      Result<Words<N>> kept(drawn);
      wipe(std::as_writable_bytes(std::span(drawn)));
      return kept;
    }
  }
  return Error{Code::CryptoFailure, "mikey.random"};
}

template <std::size_t N>
Result<Words<N>> inverse(const Modulus<N>& modulus, const Words<N>& a) {
  auto blind = random_below(modulus.m);
  if (!blind) return blind.error();
  const WipeAtEnd wipe_blind(*blind);
  const Words<N> blinded = modulus.product(a, *blind);

  Number inverted;
  mpz_t operand;
  mpz_t divisor;
  if (mpz_invert(inverted.value, mpz_roinit_n(operand, blinded.data(), N),
                 mpz_roinit_n(divisor, modulus.m.data(), N)) == 0) {
    return Error{Code::KeyMalformed, "mikey.inverse"};
  }
  Words<N> words{};
  std::copy_n(mpz_limbs_read(inverted.value), mpz_size(inverted.value), words.begin());
  // With A = a R: words = R / (A r); times r / R is 1 / A = 1 / (a R), and R^2 / R twice brings 1 / a into the form.
  Words<N> plain = modulus.product(words, *blind);
  const WipeAtEnd wipe_plain(plain);
  return modulus.to_form(modulus.to_form(plain));
}

template Result<Words<4>> random_below(const Words<4>&);
template Result<Words<16>> random_below(const Words<16>&);
template Result<Words<4>> inverse(const Modulus<4>&, const Words<4>&);
template Result<Words<16>> inverse(const Modulus<16>&, const Words<16>&);

}  // namespace claviger::mikey
