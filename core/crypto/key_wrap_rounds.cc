#include "core/crypto/key_wrap_rounds.h"

#include <cstdint>

#include "core/base/assert.h"
#include "core/base/secret.h"
#include "core/crypto/vector_intrinsics.h"

namespace claviger::crypto {

#if defined(__x86_64__)
namespace {

#define CLAVIGER_AES __attribute__((target("sse4.1,aes")))

constexpr std::size_t kRoundKeys = 15;
constexpr std::size_t kBlockBytes = 8;
constexpr std::size_t kPasses = 6;

struct Schedule {
  __m128i keys[kRoundKeys];  // std::array would drop the alignment that the type says
};

// FIPS 197 clause 5.2: each word is the xor of the one eight before and the one before; the first of four is substituted.
CLAVIGER_AES inline __m128i next_round_key(__m128i key, __m128i substituted) {
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, substituted);
}

CLAVIGER_AES void expand(const std::byte* key, Schedule& schedule) {
  __m128i* const out = schedule.keys;
  out[0] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key));
  out[1] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key + 16));
// The round constant is an immediate operand. Between two of them a key is substituted without rotation.
#define CLAVIGER_ROUND(i, constant) \
  out[i] = next_round_key(out[(i)-2], _mm_shuffle_epi32(_mm_aeskeygenassist_si128(out[(i)-1], (constant)), 0xFF))
#define CLAVIGER_BETWEEN(i) \
  out[i] = next_round_key(out[(i)-2], _mm_shuffle_epi32(_mm_aeskeygenassist_si128(out[(i)-1], 0), 0xAA))
  CLAVIGER_ROUND(2, 0x01);
  CLAVIGER_BETWEEN(3);
  CLAVIGER_ROUND(4, 0x02);
  CLAVIGER_BETWEEN(5);
  CLAVIGER_ROUND(6, 0x04);
  CLAVIGER_BETWEEN(7);
  CLAVIGER_ROUND(8, 0x08);
  CLAVIGER_BETWEEN(9);
  CLAVIGER_ROUND(10, 0x10);
  CLAVIGER_BETWEEN(11);
  CLAVIGER_ROUND(12, 0x20);
  CLAVIGER_BETWEEN(13);
  CLAVIGER_ROUND(14, 0x40);
#undef CLAVIGER_BETWEEN
#undef CLAVIGER_ROUND
}

CLAVIGER_AES inline __m128i encrypt(const Schedule& schedule, __m128i block) {
  block = _mm_xor_si128(block, schedule.keys[0]);
  for (std::size_t round = 1; round + 1 < kRoundKeys; ++round) block = _mm_aesenc_si128(block, schedule.keys[round]);
  return _mm_aesenclast_si128(block, schedule.keys[kRoundKeys - 1]);
}

// `a` stands in the low half of its register all the time: no copy through memory lies in the chain.
CLAVIGER_AES void wrap(const Schedule& schedule, std::byte* blocks, std::size_t count) {
  __m128i a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(blocks));
  std::uint64_t t = 1;
  for (std::size_t pass = 0; pass < kPasses; ++pass) {
    for (std::size_t i = 1; i <= count; ++i, ++t) {
      const auto at = reinterpret_cast<__m128i*>(blocks + i * kBlockBytes);
      const __m128i block = encrypt(schedule, _mm_unpacklo_epi64(a, _mm_loadl_epi64(at)));
      _mm_storel_epi64(at, _mm_unpackhi_epi64(block, block));
      const auto counter = static_cast<long long>(__builtin_bswap64(t));
      a = _mm_xor_si128(block, _mm_cvtsi64_si128(counter));
    }
  }
  _mm_storel_epi64(reinterpret_cast<__m128i*>(blocks), a);
}

}  // namespace

bool has_wrap_rounds() {
  static const bool has = __builtin_cpu_supports("aes") != 0 && __builtin_cpu_supports("sse4.1") != 0;
  return has;
}

void wrap_rounds(std::span<const std::byte, kWrapRoundsKeyBytes> key, MutableBytes blocks) {
  CLAVIGER_ASSERT(blocks.size() % kBlockBytes == 0 && blocks.size() > 2 * kBlockBytes);
  Schedule schedule;
  expand(key.data(), schedule);
  wrap(schedule, blocks.data(), blocks.size() / kBlockBytes - 1);
  wipe(std::as_writable_bytes(std::span(&schedule, 1)));
}

#else

bool has_wrap_rounds() { return false; }
void wrap_rounds(std::span<const std::byte, kWrapRoundsKeyBytes>, MutableBytes) { CLAVIGER_ASSERT(has_wrap_rounds()); }

#endif

}  // namespace claviger::crypto
