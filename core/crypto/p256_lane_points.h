// Points of P-256 in eight lanes, over the arithmetic of p256_lanes.h: eight additions at once, then the eight sums
// added to one another.
//
// Exceptional cases (a point added to itself or to its negative) leave Z = 0 for good in these formulas: callers look
// for that once, at the end. No branch and no address depends on a coordinate.
//
// Only es256_lanes.cc and es256_generator.cc include this, and call it from functions with the attribute CLAVIGER_LANES.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/crypto/p256_lanes.h"
#include "core/crypto/words256.h"

namespace claviger::crypto::p256 {

// 2^260 and 2^520 modulo p: one, and what brings a number into Montgomery's form.
inline constexpr std::array<std::uint64_t, kLimbs> kOne = {0x10, 0xF000000000000, 0xFFFFFFFFFFFFF, 0xFFEFFFFFFFFFF,
                                                           0xFFFFF};

// Jacobian: x = X / Z^2, y = Y / Z^3. Bounds between operations: X < 2.001 p, Y < 3.1 p, Z < 1.6 p.
struct Point {
  Lanes x, y, z;
};
struct AffinePoint {
  Lanes x, y;
};

CLAVIGER_LANES_INLINE Lanes split_words(__m512i w0, __m512i w1, __m512i w2, __m512i w3) {
  const __m512i mask = all_lanes(kLimbMask);
  Lanes out;
  out.limb[0] = _mm512_and_si512(w0, mask);
  out.limb[1] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w0, 52), _mm512_slli_epi64(w1, 12)), mask);
  out.limb[2] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w1, 40), _mm512_slli_epi64(w2, 24)), mask);
  out.limb[3] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w2, 28), _mm512_slli_epi64(w3, 36)), mask);
  out.limb[4] = _mm512_srli_epi64(w3, 16);
  return out;
}

// b where the mask says so, else a.
CLAVIGER_LANES_INLINE Lanes choose(__mmask8 mask, const Lanes& a, const Lanes& b) {
  Lanes out;
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) out.limb[i] =
      _mm512_mask_blend_epi64(mask, a.limb[i], b.limb[i]);
  return out;
}
CLAVIGER_LANES_INLINE Lanes zero() { return all_lanes(std::array<std::uint64_t, kLimbs>{}); }

// sum + (+-point). Bounds in multiples of p, with those of Point: ZZ 1.2, U2 and S2 1.1, H 4.1, HH 2.1, HHH 1.6,
// V 1.3, r 6.2, W 4.4; Y3 < (6.2 * 4.4 + 4 * 1.6) / 16 + 1 = 3.1.
CLAVIGER_LANES __attribute__((noinline)) inline void add_affine(Point& sum, const AffinePoint& point,
                                                                __mmask8 negative) {
  const Lanes zz = squared(sum.z);
  const Lanes zzz = times(sum.z, zz);
  const Lanes u2 = times(point.x, zz);
  const Lanes s2 = times(point.y, zzz);
  const Lanes h = normalized(plus_primes(minus(u2, sum.x), 3));
  const Lanes r = normalized(plus_primes(minus(choose(negative, s2, minus(zero(), s2)), sum.y), 5));
  const Lanes hh = squared(h);
  const Lanes hhh = times(h, hh);
  const Lanes v = times(sum.x, hh);
  sum.z = times(sum.z, h);
  sum.x = weakly_reduced(plus_primes(minus(squared(r), plus(hhh, plus(v, v))), 5));
  const Lanes w = normalized(plus_primes(minus(v, sum.x), 3));
  const Lanes minus_y = normalized(plus_primes(minus(zero(), sum.y), 4));
  WideLanes y = product(r, w);
  add_product(y, minus_y, hhh);
  sum.y = reduced(y);
}

template <int kDistance>
CLAVIGER_LANES_INLINE Lanes swapped(const Lanes& a) {
  Lanes out;
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) {
    if constexpr (kDistance == 4) out.limb[i] = _mm512_shuffle_i64x2(a.limb[i], a.limb[i], 0x4E);
    if constexpr (kDistance == 2) out.limb[i] = _mm512_shuffle_i64x2(a.limb[i], a.limb[i], 0xB1);
    if constexpr (kDistance == 1) out.limb[i] = _mm512_shuffle_epi32(a.limb[i], _MM_PERM_BADC);
  }
  return out;
}

// Adds the point of each lane to that of its partner, `kDistance` lanes away: both end up with the sum. A lane has
// one half of each pair of values that the formula needs, so eleven multiplications serve for sixteen:
// with U = X Z'^2, S = Y Z'^3, H = U' - U, R = S' - S, T = U H^2:
//   X3 = R^2 - T - T', Y3 = R (T - X3) - S (T' - T), Z3 = Z Z' H, where T' - T = H^3.
// The partner has H and R with the other sign, hence -Y3 and -Z3, which is the same point.
template <int kDistance>
CLAVIGER_LANES __attribute__((noinline)) void add_partner(Point& point) {
  const Lanes zz = squared(point.z);
  const Lanes zzz = times(point.z, zz);
  const Lanes u = times(point.x, swapped<kDistance>(zz));   // < 1.2
  const Lanes s = times(point.y, swapped<kDistance>(zzz));  // < 1.3
  const Lanes h = normalized(plus_primes(minus(swapped<kDistance>(u), u), 2));
  const Lanes r = normalized(plus_primes(minus(swapped<kDistance>(s), s), 2));
  const Lanes hh = squared(h);
  const Lanes t = times(u, hh);  // < 1.2
  const Lanes other_t = swapped<kDistance>(t);
  point.z = times(times(point.z, swapped<kDistance>(point.z)), h);
  point.x = weakly_reduced(plus_primes(minus(squared(r), plus(t, other_t)), 3));
  const Lanes w = normalized(plus_primes(minus(t, point.x), 3));
  const Lanes minus_hhh = normalized(plus_primes(minus(t, other_t), 2));
  WideLanes y = product(r, w);
  add_product(y, s, minus_hhh);
  point.y = reduced(y);
}

CLAVIGER_LANES_INLINE std::array<Words256, kLaneCount> to_words(const Lanes& canonical) {
  alignas(64) std::array<std::array<std::uint64_t, kLaneCount>, kLimbs> l;
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) _mm512_store_si512(l[i].data(), canonical.limb[i]);
  std::array<Words256, kLaneCount> words;
  for (std::size_t i = 0; i < kLaneCount; ++i) {
    words[i] = {l[0][i] | l[1][i] << 52U, l[1][i] >> 12U | l[2][i] << 40U, l[2][i] >> 24U | l[3][i] << 28U,
                l[3][i] >> 36U | l[4][i] << 16U};
  }
  return words;
}

CLAVIGER_LANES_INLINE Lanes from_words(const std::array<Words256, kLaneCount>& numbers) {
  alignas(64) std::array<std::array<std::uint64_t, kLaneCount>, 4> w;
  for (std::size_t i = 0; i < kLaneCount; ++i) {
    for (std::size_t word = 0; word < 4; ++word) w[word][i] = numbers[i][word];
  }
  return split_words(_mm512_load_si512(w[0].data()), _mm512_load_si512(w[1].data()), _mm512_load_si512(w[2].data()),
                     _mm512_load_si512(w[3].data()));
}

}  // namespace claviger::crypto::p256

#endif
