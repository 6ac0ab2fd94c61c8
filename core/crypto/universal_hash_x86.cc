// POLYVAL with PCLMULQDQ and with AVX-512 VPCLMULQDQ.
//
// S = X1 * H^m + X2 * H^(m-1) + .. + Xm * H, so the products of a run of blocks are summed before one
// reduction. A run is as long as there are powers; the first run takes what does not fill one.
#include "core/crypto/universal_hash_kernels.h"
#include "core/crypto/vector_intrinsics.h"

#if defined(__x86_64__)

#include <algorithm>

namespace claviger::crypto::kernels {
namespace {

#define CLAVIGER_PCLMUL __attribute__((target("sse4.1,pclmul")))
#define CLAVIGER_VPCLMUL __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,vpclmulqdq,pclmul")))

constexpr std::size_t kBlock = 16;

// The three parts of a sum of products: low, middle (at x^64) and high (at x^128).
struct Products128 {
  __m128i low, middle, high;
};

CLAVIGER_PCLMUL inline void add_product(Products128& sum, __m128i x, __m128i y) {
  sum.low = _mm_xor_si128(sum.low, _mm_clmulepi64_si128(x, y, 0x00));
  sum.high = _mm_xor_si128(sum.high, _mm_clmulepi64_si128(x, y, 0x11));
  sum.middle = _mm_xor_si128(sum.middle, _mm_clmulepi64_si128(x, y, 0x01));
  sum.middle = _mm_xor_si128(sum.middle, _mm_clmulepi64_si128(x, y, 0x10));
}

CLAVIGER_PCLMUL inline __m128i reduce(const Products128& sum) {
  const __m128i polynomial = _mm_set1_epi64x(static_cast<long long>(0xC200000000000000U));
  const __m128i low = _mm_xor_si128(sum.low, _mm_slli_si128(sum.middle, 8));
  const __m128i high = _mm_xor_si128(sum.high, _mm_srli_si128(sum.middle, 8));
  const __m128i first = _mm_clmulepi64_si128(low, polynomial, 0x00);
  const __m128i folded = _mm_xor_si128(_mm_shuffle_epi32(first, 0x4E), low);
  const __m128i second = _mm_clmulepi64_si128(folded, polynomial, 0x11);
  return _mm_xor_si128(_mm_xor_si128(high, folded), second);
}

CLAVIGER_PCLMUL inline Hash128 to_hash(__m128i value) {
  Hash128 hash;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&hash), value);
  return hash;
}

}  // namespace

bool has_pclmul() { return __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("sse4.1") != 0; }

CLAVIGER_PCLMUL Hash128 hash_pclmul(const HashPowers& powers, Bytes message) {
  const std::size_t whole = message.size() / kBlock;
  const std::size_t partial = message.size() % kBlock;
  const std::size_t blocks = whole + (partial != 0 ? 1 : 0) + 1;
  __m128i last = _mm_setzero_si128();
  if (partial != 0) std::memcpy(&last, message.data() + whole * kBlock, partial);

  __m128i carried = _mm_setzero_si128();
  std::size_t at = 0;
  while (at < blocks) {
    const std::size_t left = (blocks - at) % kPowersMax;
    const std::size_t run = left == 0 ? kPowersMax : left;
    const Hash128* power = powers.descending.data() + (kPowersMax - run);
    Products128 sum{_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    for (const std::size_t end = at + run; at < end; ++at, ++power) {
      __m128i block;
      if (at < whole) {
        block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(message.data() + at * kBlock));
      } else if (at + 1 < blocks) {
        block = last;
      } else {
        block = _mm_set_epi64x(0, static_cast<long long>(message.size() * 8));
      }
      // What was summed so far stands before the first block of the run.
      block = _mm_xor_si128(block, carried);
      carried = _mm_setzero_si128();
      add_product(sum, block, _mm_load_si128(reinterpret_cast<const __m128i*>(power)));
    }
    carried = reduce(sum);
  }
  return to_hash(carried);
}

bool has_vpclmul() {
  return has_pclmul() && __builtin_cpu_supports("vpclmulqdq") != 0 && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0;
}

// bench: BM_UniversalHash. Four blocks a register; zero blocks before the first one change nothing, so the
// front is filled up to a multiple of four.
CLAVIGER_VPCLMUL Hash128 hash_vpclmul(const HashPowers& powers, Bytes message) {
  constexpr std::size_t kLanes = 4;
  constexpr std::size_t kWide = kLanes * kBlock;
  const std::size_t blocks = (message.size() + kBlock - 1) / kBlock + 1;
  if (blocks < kLanes) return hash_pclmul(powers, message);

  // The last register: up to three blocks of the message and the length. The front is all whole blocks.
  const std::size_t front_blocks = blocks - kLanes;
  const std::byte* at = message.data();
  const std::size_t tail_bytes = message.size() - front_blocks * kBlock;  // 33 to 48
  const __mmask64 tail_mask = (std::uint64_t{1} << tail_bytes) - 1;
  __m512i tail = _mm512_maskz_loadu_epi8(tail_mask, at + front_blocks * kBlock);
  tail = _mm512_mask_set1_epi64(tail, 0x40, static_cast<long long>(message.size() * 8));

  const std::size_t registers = (front_blocks + kLanes - 1) / kLanes + 1;
  const std::size_t missing = (registers - 1) * kLanes - front_blocks;
  constexpr std::size_t kRegistersMax = kPowersMax / kLanes;

  __m512i carried = _mm512_setzero_si512();
  __m128i hash = _mm_setzero_si128();
  std::size_t done = 0;
  while (done < registers) {
    const std::size_t left = (registers - done) % kRegistersMax;
    const std::size_t run = left == 0 ? kRegistersMax : left;
    const Hash128* power = powers.descending.data() + (kPowersMax - run * kLanes);
    __m512i low = _mm512_setzero_si512();
    __m512i middle = low;
    __m512i high = low;
    for (const std::size_t end = done + run; done < end; ++done, power += kLanes) {
      __m512i block;
      if (done + 1 == registers) {
        block = tail;
      } else if (done == 0) {
        block = _mm512_maskz_expandloadu_epi64(static_cast<__mmask8>(0xFFU << (2 * missing)), at);
        at += (kLanes - missing) * kBlock;
      } else {
        block = _mm512_loadu_si512(at);
        at += kWide;
      }
      block = _mm512_xor_si512(block, carried);
      carried = _mm512_setzero_si512();
      const __m512i factor = _mm512_load_si512(power);
      low = _mm512_xor_si512(low, _mm512_clmulepi64_epi128(block, factor, 0x00));
      high = _mm512_xor_si512(high, _mm512_clmulepi64_epi128(block, factor, 0x11));
      middle = _mm512_ternarylogic_epi64(middle, _mm512_clmulepi64_epi128(block, factor, 0x01),
                                         _mm512_clmulepi64_epi128(block, factor, 0x10), 0x96);
    }
    const auto sum_lanes = [](__m512i wide) CLAVIGER_VPCLMUL {
      const __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(wide), _mm512_extracti64x4_epi64(wide, 1));
      return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    };
    hash = reduce({sum_lanes(low), sum_lanes(middle), sum_lanes(high)});
    carried = _mm512_zextsi128_si512(hash);
  }
  return to_hash(hash);
}

}  // namespace claviger::crypto::kernels

#else

namespace claviger::crypto::kernels {

bool has_pclmul() { return false; }
Hash128 hash_pclmul(const HashPowers& powers, Bytes message) { return hash_portable(powers, message); }
bool has_vpclmul() { return false; }
Hash128 hash_vpclmul(const HashPowers& powers, Bytes message) { return hash_portable(powers, message); }

}  // namespace claviger::crypto::kernels

#endif
