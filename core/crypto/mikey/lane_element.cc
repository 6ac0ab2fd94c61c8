// Compiled for AVX-512 IFMA, whatever the rest is compiled for (CMakeLists.txt), and so without anything that another
// file could take from here: no inline function of a library, no template.
#include "core/crypto/mikey/lane_element.h"

#include "core/crypto/vector_intrinsics.h"

// Without this the limbs of a number are an array in memory.
#if defined(__clang__)
#define CLAVIGER_UNROLL _Pragma("unroll")
#else
#define CLAVIGER_UNROLL _Pragma("GCC unroll 32")
#endif

namespace claviger::mikey {
namespace {

// clang-format off
constexpr std::uint64_t kPrimeLimbs[kLaneLimbs] = {
    0xD807AFEA85FEB, 0x10AC7ACE87666, 0x9857DB080C5DF, 0x1F1FFCE3E8238, 0xA9F94D6AF5697,
    0xCF3C521C3C09A, 0x4A831852A82A7, 0x65681CE1B6AFF, 0xB4CD4512AC5CD, 0xD0E26C6487326,
    0x56D27F4A666A6, 0xB39FF7C88A193, 0x531A59CB0E791, 0xFC0F1B228730D, 0xA2EF40AAB27E2,
    0xBE9AE358B3E01, 0xC0CE19CB48261, 0x98DAD0657A416, 0xA563FDA65C611, 0x0000997ABB1F0};
// clang-format on
constexpr std::uint64_t kNegatedInverse = 0x420077C8F2F3D;  // -1 / p modulo 2^52
// 2^52 / (the top limb of p, and one): times a top limb, in units of 2^52, it is how often p goes into a number.
constexpr std::uint64_t kOverTop = 0x1AB00;
constexpr std::uint64_t kLimbMask = (std::uint64_t{1} << 52U) - 1;

// Limb j of 0 p, 1 p, ... 7 p, not carried over: what a quotient below 8 takes off.
struct alignas(64) PrimeTable {
  std::uint64_t lanes[kLaneLimbs][kLaneCount];
  std::uint64_t multiples[kLaneLimbs][kLaneCount];
};
constexpr PrimeTable make_prime_table() {
  PrimeTable table{};
  for (std::size_t j = 0; j < kLaneLimbs; ++j) {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      table.lanes[j][lane] = kPrimeLimbs[j];
      table.multiples[j][lane] = lane * kPrimeLimbs[j];
    }
  }
  return table;
}
constexpr PrimeTable kPrimeTable = make_prime_table();

inline __m512i load(const std::uint64_t* lanes) { return _mm512_load_si512(lanes); }
inline __m512i all(std::uint64_t value) { return _mm512_set1_epi64(static_cast<long long>(value)); }

// Limbs of up to 63 bits and a sign to limbs of 52 bits; the number is not negative and below 2^1040.
inline void store_normalized(LaneElement& out, const __m512i (&limbs)[kLaneLimbs]) {
  const __m512i mask = all(kLimbMask);
  __m512i carry = _mm512_setzero_si512();
  CLAVIGER_UNROLL for (std::size_t j = 0; j < kLaneLimbs; ++j) {
    const __m512i limb = _mm512_add_epi64(limbs[j], carry);
    carry = _mm512_srai_epi64(limb, 52);
    _mm512_store_si512(out.limb[j], _mm512_and_si512(limb, mask));
  }
}

}  // namespace

// Montgomery's product, a limb of `a` at a time: t = (t + a_i b + m p) / 2^52 with the m that makes that whole. For a and b
// below 64 p the product is below p (64 * 64 / 2^16.7 + 1) at worst; for those here, below 1.001 p, below 1.00001 p.
// Columns get four terms of 52 bits a step and 20 steps: below 2^59.
void lanes_multiply(LaneElement& out, const LaneElement& a, const LaneElement& b) {
  const __m512i negated_inverse = all(kNegatedInverse);
  const __m512i zero = _mm512_setzero_si512();
  __m512i t[kLaneLimbs];
  CLAVIGER_UNROLL for (std::size_t j = 0; j < kLaneLimbs; ++j) t[j] = zero;
  for (std::size_t i = 0; i < kLaneLimbs; ++i) {
    const __m512i factor = load(a.limb[i]);
    t[0] = _mm512_madd52lo_epu64(t[0], factor, load(b.limb[0]));
    const __m512i m = _mm512_madd52lo_epu64(zero, t[0], negated_inverse);
    t[0] = _mm512_madd52lo_epu64(t[0], m, load(kPrimeTable.lanes[0]));
    const __m512i carry = _mm512_srli_epi64(t[0], 52);
    CLAVIGER_UNROLL for (std::size_t j = 1; j < kLaneLimbs; ++j) {
      __m512i column = _mm512_madd52lo_epu64(t[j], factor, load(b.limb[j]));
      column = _mm512_madd52hi_epu64(column, factor, load(b.limb[j - 1]));
      column = _mm512_madd52lo_epu64(column, m, load(kPrimeTable.lanes[j]));
      t[j - 1] = _mm512_madd52hi_epu64(column, m, load(kPrimeTable.lanes[j - 1]));
    }
    t[0] = _mm512_add_epi64(t[0], carry);
    t[kLaneLimbs - 1] = _mm512_madd52hi_epu64(zero, factor, load(b.limb[kLaneLimbs - 1]));
    t[kLaneLimbs - 1] = _mm512_madd52hi_epu64(t[kLaneLimbs - 1], m, load(kPrimeTable.lanes[kLaneLimbs - 1]));
  }
  store_normalized(out, t);
}

// a - b + 2 p lies between 0.999 p and 3.001 p. Its quotient by p is estimated from the top limb, of some 36 bits: 4 are
// taken off for the carries that have not arrived there, so the estimate is never too large, and too small by 1 only when
// less than 2^-13 p is above the multiple of p. What is left is below 1.001 p.
void lanes_minus(LaneElement& out, const LaneElement& a, const LaneElement& b) {
  __m512i t[kLaneLimbs];
  CLAVIGER_UNROLL for (std::size_t j = 0; j < kLaneLimbs; ++j) {
    const __m512i difference = _mm512_sub_epi64(load(a.limb[j]), load(b.limb[j]));
    t[j] = _mm512_add_epi64(difference, all(2 * kPrimeLimbs[j]));
  }
  const __m512i top = _mm512_sub_epi64(t[kLaneLimbs - 1], all(4));
  const __m512i quotient = _mm512_madd52hi_epu64(_mm512_setzero_si512(), top, all(kOverTop));
  CLAVIGER_UNROLL for (std::size_t j = 0; j < kLaneLimbs; ++j) {
    t[j] = _mm512_sub_epi64(t[j], _mm512_permutexvar_epi64(quotient, load(kPrimeTable.multiples[j])));
  }
  store_normalized(out, t);
}

void lanes_negate_where(LaneElement& y, std::uint8_t lanes) {
  __m512i t[kLaneLimbs];
  CLAVIGER_UNROLL for (std::size_t j = 0; j < kLaneLimbs; ++j) {
    const __m512i limb = load(y.limb[j]);
    // 2 p, for y may be a little above p.
    t[j] = _mm512_mask_sub_epi64(limb, lanes, all(2 * kPrimeLimbs[j]), limb);
  }
  store_normalized(y, t);
  const LaneElement zero{};
  lanes_minus(y, y, zero);
}

void lanes_select(LaneElement& x, LaneElement& y, const LaneRow* rows, const std::uint8_t* chunks) {
  constexpr std::size_t kRows = 32;
  const __m512i chunk = _mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(chunks)));
  const __mmask8 negative = _mm512_cmplt_epu64_mask(chunk, all(kRows));
  // c - 32 for a positive digit, 31 - c for a negative one.
  const __m512i index = _mm512_and_si512(_mm512_mask_xor_epi64(chunk, negative, chunk, all(kRows - 1)), all(kRows - 1));
  __mmask8 is_row[kRows];
  for (std::size_t row = 0; row < kRows; ++row) is_row[row] = _mm512_cmpeq_epi64_mask(index, all(row));

  // Ten limbs at a time, so that they stay in registers while all rows go by.
  constexpr std::size_t kPart = 10;
  __m512i limbs[2 * kLaneLimbs];
  CLAVIGER_UNROLL for (std::size_t part = 0; part < 2 * kLaneLimbs; part += kPart) {
    __m512i sum[kPart];
    CLAVIGER_UNROLL for (std::size_t j = 0; j < kPart; ++j) sum[j] = _mm512_setzero_si512();
    for (std::size_t row = 0; row < kRows; ++row) {
      CLAVIGER_UNROLL for (std::size_t j = 0; j < kPart; ++j) {
        sum[j] = _mm512_mask_mov_epi64(sum[j], is_row[row], all(rows[row].limb[part + j]));
      }
    }
    CLAVIGER_UNROLL for (std::size_t j = 0; j < kPart; ++j) limbs[part + j] = sum[j];
  }
  __m512i t[kLaneLimbs];
  CLAVIGER_UNROLL for (std::size_t j = 0; j < kLaneLimbs; ++j) {
    _mm512_store_si512(x.limb[j], limbs[j]);
    // A row's y is below p and not zero: p - y is, too.
    t[j] = _mm512_mask_sub_epi64(limbs[kLaneLimbs + j], negative, all(kPrimeLimbs[j]), limbs[kLaneLimbs + j]);
  }
  store_normalized(y, t);
}

}  // namespace claviger::mikey
