// Arithmetic modulo the prime of P-256 on eight numbers at once, in AVX-512 IFMA.
//
// A number is five limbs of 52 bits, lane by lane, in Montgomery's form with R = 2^260. It need not be below p: each
// function says what it takes and gives as a multiple of p; five limbs hold 16 p. No branch and no address depends on
// a number: it serves the tables of public keys (es256_lanes.cc) and the nonces of signatures (es256_generator.cc).
//
// Only p256_lane_points.h and a test include this. Call only where the processor has the instructions, from functions
// with the attribute CLAVIGER_LANES.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/crypto/vector_intrinsics.h"

#define CLAVIGER_LANES __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512ifma")))
#define CLAVIGER_LANES_INLINE CLAVIGER_LANES __attribute__((always_inline)) inline
// Without this the limbs of a number are an array in memory, and everything takes three times as long.
#if defined(__clang__)
#define CLAVIGER_UNROLL _Pragma("unroll")
#else
#define CLAVIGER_UNROLL _Pragma("GCC unroll 16")
#endif

namespace claviger::crypto::p256 {

inline constexpr std::size_t kLimbs = 5;
inline constexpr std::size_t kLaneCount = 8;
inline constexpr std::uint64_t kLimbMask = (std::uint64_t{1} << 52U) - 1;

// p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
inline constexpr std::array<std::uint64_t, kLimbs> kPrime = {0xFFFFFFFFFFFFF, 0x00000FFFFFFFFFFF, 0, 0x0001000000000,
                                                             0xFFFFFFFF0000};

// Aligned by name: outside functions with the attribute g++ takes a __m512i for a thing aligned to 16 bytes.
struct alignas(64) Lanes {
  __m512i limb[kLimbs];
};
// A product before its reduction: ten columns of up to 64 bits.
struct alignas(64) WideLanes {
  __m512i column[2 * kLimbs];
};

CLAVIGER_LANES_INLINE __m512i all_lanes(std::uint64_t value) {
  return _mm512_set1_epi64(static_cast<long long>(value));
}
CLAVIGER_LANES_INLINE Lanes all_lanes(const std::array<std::uint64_t, kLimbs>& limbs) {
  Lanes lanes;
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) lanes.limb[i] = all_lanes(limbs[i]);
  return lanes;
}

// Limbs of up to 63 bits and a sign to limbs of 52 bits. The number must not be negative, nor reach 2^260.
CLAVIGER_LANES_INLINE Lanes normalized(Lanes a) {
  const __m512i mask = all_lanes(kLimbMask);
  CLAVIGER_UNROLL for (std::size_t i = 0; i + 1 < kLimbs; ++i) {
    a.limb[i + 1] = _mm512_add_epi64(a.limb[i + 1], _mm512_srai_epi64(a.limb[i], 52));
    a.limb[i] = _mm512_and_si512(a.limb[i], mask);
  }
  return a;
}

// Limb by limb, for normalized() or weakly_reduced() to put in order.
CLAVIGER_LANES_INLINE Lanes plus(const Lanes& a, const Lanes& b) {
  Lanes sum;
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) sum.limb[i] = _mm512_add_epi64(a.limb[i], b.limb[i]);
  return sum;
}
CLAVIGER_LANES_INLINE Lanes minus(const Lanes& a, const Lanes& b) {
  Lanes difference;
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) difference.limb[i] = _mm512_sub_epi64(a.limb[i], b.limb[i]);
  return difference;
}
// a + k p: before a difference is put in order, so that it is not negative.
CLAVIGER_LANES_INLINE Lanes plus_primes(Lanes a, std::uint64_t k) {
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) {
    if (kPrime[i] != 0) a.limb[i] = _mm512_add_epi64(a.limb[i], all_lanes(k * kPrime[i]));
  }
  return a;
}

// Any number from 0 to 15 p in loose limbs to one from nearly p to 2.001 p in limbs of 52 bits: takes off as many
// p as there are 2^256 in it, but one, since a borrow from the lower limbs may make it one too many.
CLAVIGER_LANES_INLINE Lanes weakly_reduced(Lanes a) {
  const __m512i q = _mm512_sub_epi64(_mm512_srai_epi64(a.limb[4], 48), all_lanes(1));
  a.limb[0] = _mm512_add_epi64(a.limb[0], q);
  a.limb[1] = _mm512_sub_epi64(a.limb[1], _mm512_slli_epi64(q, 44));
  a.limb[3] = _mm512_sub_epi64(a.limb[3], _mm512_slli_epi64(q, 36));
  a.limb[4] = _mm512_sub_epi64(_mm512_add_epi64(a.limb[4], _mm512_slli_epi64(q, 16)), _mm512_slli_epi64(q, 48));
  return normalized(a);
}

CLAVIGER_LANES_INLINE void add_product(WideLanes& sum, const Lanes& a, const Lanes& b) {
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) {
    CLAVIGER_UNROLL for (std::size_t j = 0; j < kLimbs; ++j) {
      sum.column[i + j] = _mm512_madd52lo_epu64(sum.column[i + j], a.limb[i], b.limb[j]);
      sum.column[i + j + 1] = _mm512_madd52hi_epu64(sum.column[i + j + 1], a.limb[i], b.limb[j]);
    }
  }
}
CLAVIGER_LANES_INLINE WideLanes zero_columns() {
  WideLanes wide;
  CLAVIGER_UNROLL for (__m512i& column : wide.column) column = _mm512_setzero_si512();
  return wide;
}
CLAVIGER_LANES_INLINE WideLanes product(const Lanes& a, const Lanes& b) {
  WideLanes wide = zero_columns();
  add_product(wide, a, b);
  return wide;
}
CLAVIGER_LANES_INLINE WideLanes square(const Lanes& a) {
  WideLanes wide = zero_columns();
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) {
    CLAVIGER_UNROLL for (std::size_t j = i + 1; j < kLimbs; ++j) {
      wide.column[i + j] = _mm512_madd52lo_epu64(wide.column[i + j], a.limb[i], a.limb[j]);
      wide.column[i + j + 1] = _mm512_madd52hi_epu64(wide.column[i + j + 1], a.limb[i], a.limb[j]);
    }
  }
  CLAVIGER_UNROLL for (__m512i& column : wide.column) column = _mm512_add_epi64(column, column);
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) {
    wide.column[2 * i] = _mm512_madd52lo_epu64(wide.column[2 * i], a.limb[i], a.limb[i]);
    wide.column[2 * i + 1] = _mm512_madd52hi_epu64(wide.column[2 * i + 1], a.limb[i], a.limb[i]);
  }
  return wide;
}

// wide / R modulo p. A product of numbers below a p and b p comes out below (a b / 16 + 1) p.
//
// The low limb of p is 2^52 - 1, so the multiple of p that clears a column is the column itself: m (p + 1) is added
// and m taken off, where p + 1 = 2^256 - 2^224 + 2^192 + 2^96 has three limbs that are not zero.
CLAVIGER_LANES_INLINE Lanes reduced(WideLanes wide) {
  const __m512i mask = all_lanes(kLimbMask);
  const __m512i limb1 = all_lanes(std::uint64_t{1} << 44U);
  const __m512i limb3 = all_lanes(kPrime[3]);
  const __m512i limb4 = all_lanes(kPrime[4]);
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) {
    __m512i* const t = wide.column + i;
    const __m512i m = _mm512_and_si512(t[0], mask);
    t[1] = _mm512_add_epi64(t[1], _mm512_srli_epi64(t[0], 52));
    t[1] = _mm512_madd52lo_epu64(t[1], m, limb1);
    t[2] = _mm512_madd52hi_epu64(t[2], m, limb1);
    t[3] = _mm512_madd52lo_epu64(t[3], m, limb3);
    t[4] = _mm512_madd52hi_epu64(t[4], m, limb3);
    t[4] = _mm512_madd52lo_epu64(t[4], m, limb4);
    t[5] = _mm512_madd52hi_epu64(t[5], m, limb4);
  }
  Lanes out;
  CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) out.limb[i] = wide.column[kLimbs + i];
  return normalized(out);
}

CLAVIGER_LANES_INLINE Lanes times(const Lanes& a, const Lanes& b) { return reduced(product(a, b)); }
CLAVIGER_LANES_INLINE Lanes squared(const Lanes& a) { return reduced(square(a)); }

// A number below 3 p to the one below p.
CLAVIGER_LANES_INLINE Lanes canonical(Lanes a) {
  CLAVIGER_UNROLL for (int times_p = 0; times_p < 2; ++times_p) {
    const Lanes less = normalized(minus(a, all_lanes(kPrime)));
    const __mmask8 is_negative = _mm512_movepi64_mask(less.limb[4]);
    CLAVIGER_UNROLL for (std::size_t i = 0; i < kLimbs; ++i) a.limb[i] =
        _mm512_mask_blend_epi64(is_negative, less.limb[i], a.limb[i]);
  }
  return a;
}

}  // namespace claviger::crypto::p256

#endif
