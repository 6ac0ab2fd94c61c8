// Arithmetic modulo an odd number m of N words, in Montgomery's form: a stands as a R modulo m with R = 2^(64 N).
//
// Constant time in the numbers (the modulus is public); values are below m, before and after. Numbers of 16 words are
// multiplied with mulx, adcx and adox where the processor has them. Pure, any thread.
#pragma once

#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/mikey/words.h"

namespace claviger::mikey {

template <std::size_t N>
struct Modulus;

// Products of 16 words with mulx, adcx and adox (montgomery_mulx.cc), and whether the processor has these.
void multiply_mulx(const Modulus<16>& modulus, Words<16>& out, const Words<16>& a, const Words<16>& b);
bool has_mulx();

template <std::size_t N>
struct Modulus {
  Words<N> m;
  std::uint64_t negated_inverse;  // -1 / m modulo 2^64
  Words<N> one;                   // R modulo m: 1 in Montgomery's form
  Words<N> square;                // R^2 modulo m: what brings a number into the form

  explicit Modulus(const Words<N>& modulus) : m(modulus) {
    std::uint64_t inverse = 1;
    // Newton's iteration doubles the correct bits: 1, 2, 4, ... 64.
    for (int i = 0; i < 6; ++i) inverse *= 2 - m[0] * inverse;
    negated_inverse = 0 - inverse;
    Words<N> power = from_word<N>(1);
    for (std::size_t bit = 0; bit < 2 * 64 * N; ++bit) {
      power = sum(power, power);
      if (bit + 1 == 64 * N) one = power;
    }
    square = power;
  }

  Words<N> sum(const Words<N>& a, const Words<N>& b) const {
    Words<N> out;
    const std::uint64_t carry = add(out, a, b);
    return reduced_once(out, carry);
  }
  Words<N> difference(const Words<N>& a, const Words<N>& b) const {
    Words<N> out;
    const std::uint64_t mask = mask_if(subtract(out, a, b));
    unsigned char carry = 0;
    CLAVIGER_UNROLL_WORDS for (std::size_t i = 0; i < N; ++i) out[i] = add_word(out[i], m[i] & mask, carry);
    return out;
  }
  // a b / R, on the fastest engine. One of the factors may be any N words; the product comes out below m if the other is
  // below m.
  Words<N> product(const Words<N>& a, const Words<N>& b) const {
    if constexpr (N == 16) {
      if (has_mulx()) {
        Words<N> out;
        multiply_mulx(*this, out, a, b);
        return out;
      }
    }
    return product_portable(a, b);
  }
  Words<N> product_portable(const Words<N>& a, const Words<N>& b) const {
    std::array<std::uint64_t, 2 * N> wide{};
    for (std::size_t i = 0; i < N; ++i) wide[i + N] = add_multiple(&wide[i], a, b[i]);
    return reduced(wide);
  }
  Words<N> to_form(const Words<N>& a) const { return product(a, square); }
  Words<N> from_form(const Words<N>& a) const { return product(a, from_word<N>(1)); }

  // wide / R modulo m, of a number below m R.
  Words<N> reduced(std::array<std::uint64_t, 2 * N>& wide) const {
    std::uint64_t top = 0;
    for (std::size_t i = 0; i < N; ++i) {
      const std::uint64_t carry = add_multiple(&wide[i], m, wide[i] * negated_inverse);
      const DoubleWord word = DoubleWord{wide[i + N]} + carry + top;
      wide[i + N] = static_cast<std::uint64_t>(word);
      top = static_cast<std::uint64_t>(word >> 64U);
    }
    Words<N> out;
    std::copy(wide.begin() + N, wide.end(), out.begin());
    return reduced_once(out, top);
  }
  // (carry, a) less m, unless that is negative.
  Words<N> reduced_once(const Words<N>& a, std::uint64_t carry) const {
    Words<N> less;
    const std::uint64_t borrow = subtract(less, a, m);
    return choose(mask_if(borrow & (carry ^ 1U)), less, a);
  }

 private:
  // words[0 .. N) += a factor; the carry out.
  static std::uint64_t add_multiple(std::uint64_t* words, const Words<N>& a, std::uint64_t factor) {
    std::uint64_t carry = 0;
    CLAVIGER_UNROLL_WORDS for (std::size_t i = 0; i < N; ++i) {
      const DoubleWord word = DoubleWord{a[i]} * factor + words[i] + carry;
      words[i] = static_cast<std::uint64_t>(word);
      carry = static_cast<std::uint64_t>(word >> 64U);
    }
    return carry;
  }
};

// Random in [0, m): drawn again while it is not below. OpenSSL's generator for private values.
template <std::size_t N>
Result<Words<N>> random_below(const Words<N>& m);

// 1 / a, both in Montgomery's form, of an `a` that may be secret. GMP's extended Euclid is some twenty times as fast as
// a power with the exponent m - 2, but its time and its memory tell of its operand: it gets a r, with a fresh random r
// that is drawn for this call alone and multiplied in and out in constant time. a r is as random as r, whatever a is.
// KeyMalformed when a is zero, CryptoFailure without random bytes.
template <std::size_t N>
Result<Words<N>> inverse(const Modulus<N>& modulus, const Words<N>& a);

// Each number's inverse in its place, for one inversion and three products a number (Montgomery's trick). KeyMalformed
// when one of them is zero: which one is not told, and the numbers are spoilt.
template <std::size_t N>
Result<Unit> invert_all(const Modulus<N>& modulus, std::span<Words<N>> numbers) {
  if (numbers.empty()) return Unit{};
  std::vector<Words<N>> before(numbers.size());  // before[i] = numbers[0] ... numbers[i - 1]
  Words<N> running = numbers[0];
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    before[i] = running;
    running = modulus.product(running, numbers[i]);
  }
  auto over = inverse(modulus, running);
  if (over) {
    running = *over;
    for (std::size_t i = numbers.size(); i-- > 1;) {
      const Words<N> inverted = modulus.product(running, before[i]);
      running = modulus.product(running, numbers[i]);
      numbers[i] = inverted;
    }
    numbers[0] = running;
  }
  wipe(std::as_writable_bytes(std::span(before)));
  wipe(std::as_writable_bytes(std::span(running)));
  if (!over) return over.error();
  wipe(std::as_writable_bytes(std::span(*over)));
  return Unit{};
}

extern template Result<Words<4>> random_below(const Words<4>&);
extern template Result<Words<16>> random_below(const Words<16>&);
extern template Result<Words<4>> inverse(const Modulus<4>&, const Words<4>&);
extern template Result<Words<16>> inverse(const Modulus<16>&, const Words<16>&);

}  // namespace claviger::mikey
