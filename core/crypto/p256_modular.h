// Arithmetic on secret numbers modulo the prime and the order of P-256: constant time and without memory of its own.
//
// Montgomery's form with R = 2^256: mont(a, b) = a b / R. Pure, any thread. es256_scalars.h has the fast way for public
// numbers.
#pragma once

#include <cstdint>

#include "core/crypto/words256.h"

namespace claviger::crypto {

struct P256Modulus {
  Words256 value;
  Words256 r2;            // R^2 modulo it: mont(a, r2) = a R
  std::uint64_t inverse;  // -1 / value modulo 2^64
};
inline constexpr P256Modulus kP256OrderModulus = {
    kP256Order, {0x83244C95BE79EEA2, 0x4699799C49BD6FA6, 0x2845B2392B6BEC59, 0x66E12D94F3D95620}, 0xCCD1C8AAEE00BC4F};
inline constexpr P256Modulus kP256PrimeModulus = {
    kP256Prime, {0x0000000000000003, 0xFFFFFFFBFFFFFFFF, 0xFFFFFFFFFFFFFFFE, 0x00000004FFFFFFFD}, 0x0000000000000001};

// Of a value below twice the modulus, `carry` its bit 256. No branch, no look-up.
constexpr Words256 reduced_once(const P256Modulus& modulus, const Words256& value, std::uint64_t carry = 0) {
  const Words256 less = difference_of(value, modulus.value);
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint64_t partial = value[i] - borrow;
    borrow = static_cast<std::uint64_t>(partial > value[i]) | static_cast<std::uint64_t>(partial < modulus.value[i]);
  }
  const std::uint64_t keep = 0 - (borrow & (carry ^ 1));  // all ones: it was below the modulus
  Words256 result{};
  for (std::size_t i = 0; i < 4; ++i) result[i] = (value[i] & keep) | (less[i] & ~keep);
  return result;
}

// Of numbers below the modulus.
constexpr Words256 sum_modulo(const P256Modulus& modulus, const Words256& a, const Words256& b) {
  __extension__ using Wide = unsigned __int128;
  Words256 sum{};
  Wide carry = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    carry += static_cast<Wide>(a[i]) + b[i];
    sum[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64U;
  }
  return reduced_once(modulus, sum, static_cast<std::uint64_t>(carry));
}

// a b / R; one of the two may be any number below R.
constexpr Words256 mont(const P256Modulus& modulus, const Words256& a, const Words256& b) {
  __extension__ using Wide = unsigned __int128;
  std::uint64_t sum[6] = {};
  for (const std::uint64_t digit : a) {
    Wide carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      carry += static_cast<Wide>(digit) * b[i] + sum[i];
      sum[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64U;
    }
    carry += sum[4];
    sum[4] = static_cast<std::uint64_t>(carry);
    sum[5] = static_cast<std::uint64_t>(carry >> 64U);
    // The multiple of the modulus that clears the lowest word.
    const std::uint64_t factor = sum[0] * modulus.inverse;
    carry = (static_cast<Wide>(factor) * modulus.value[0] + sum[0]) >> 64U;
    for (std::size_t i = 1; i < 4; ++i) {
      carry += static_cast<Wide>(factor) * modulus.value[i] + sum[i];
      sum[i - 1] = static_cast<std::uint64_t>(carry);
      carry >>= 64U;
    }
    carry += sum[4];
    sum[3] = static_cast<std::uint64_t>(carry);
    sum[4] = sum[5] + static_cast<std::uint64_t>(carry >> 64U);
  }
  return reduced_once(modulus, {sum[0], sum[1], sum[2], sum[3]}, sum[4]);
}

// a b, of the same numbers.
constexpr Words256 product_modulo(const P256Modulus& modulus, const Words256& a, const Words256& b) {
  return mont(modulus, mont(modulus, a, modulus.r2), b);
}

static_assert(product_modulo(kP256OrderModulus, {2}, {3}) == Words256{6});
static_assert(mont(kP256PrimeModulus, kP256PrimeModulus.r2, {1}) == difference_of({}, kP256Prime));  // R modulo p

}  // namespace claviger::crypto
