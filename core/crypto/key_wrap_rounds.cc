#include "core/crypto/key_wrap_rounds.h"

#include <algorithm>
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

// A key on its way: `a` stands in the low half of its register all the time: no copy through memory lies in the chain.
struct Chain {
  __m128i a;
  std::byte* blocks;
  std::size_t count;
  std::size_t at;  // of 1 to count
  std::uint64_t t;
  std::size_t left;  // steps
};

CLAVIGER_AES void begin(Chain& chain, MutableBytes blocks) {
  chain.a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(blocks.data()));
  chain.blocks = blocks.data();
  chain.count = blocks.size() / kBlockBytes - 1;
  chain.at = chain.t = 1;
  chain.left = kPasses * chain.count;
}

// All lanes do so many steps, a round of each after a round of each: what waits for one computes another.
template <std::size_t N>
CLAVIGER_AES void advance(const Schedule& schedule, Chain* chains, std::size_t steps) {
  for (; steps > 0; --steps) {
    __m128i block[N];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < N; ++i) {
      const auto* const at = reinterpret_cast<const __m128i*>(chains[i].blocks + chains[i].at * kBlockBytes);
      block[i] = _mm_xor_si128(_mm_unpacklo_epi64(chains[i].a, _mm_loadl_epi64(at)), schedule.keys[0]);
    }
#pragma GCC unroll 16
    for (std::size_t round = 1; round + 1 < kRoundKeys; ++round) {
#pragma GCC unroll 4
      for (std::size_t i = 0; i < N; ++i) block[i] = _mm_aesenc_si128(block[i], schedule.keys[round]);
    }
#pragma GCC unroll 4
    for (std::size_t i = 0; i < N; ++i) {
      Chain& chain = chains[i];
      block[i] = _mm_aesenclast_si128(block[i], schedule.keys[kRoundKeys - 1]);
      _mm_storel_epi64(reinterpret_cast<__m128i*>(chain.blocks + chain.at * kBlockBytes),
                       _mm_unpackhi_epi64(block[i], block[i]));
      const auto counter = static_cast<long long>(__builtin_bswap64(chain.t++));
      chain.a = _mm_xor_si128(block[i], _mm_cvtsi64_si128(counter));
      chain.at = chain.at == chain.count ? 1 : chain.at + 1;
    }
  }
}

constexpr std::size_t kLanes = 4;

CLAVIGER_AES void wrap_all(const Schedule& schedule, std::span<const MutableBytes> all) {
  Chain chains[kLanes];
  std::size_t lanes = 0;
  std::size_t next = 0;
  for (;;) {
    while (lanes < kLanes && next < all.size()) begin(chains[lanes++], all[next++]);
    if (lanes == 0) return;
    std::size_t steps = chains[0].left;
    for (std::size_t i = 1; i < lanes; ++i) steps = std::min(steps, chains[i].left);
    switch (lanes) {
      case 1:
        advance<1>(schedule, chains, steps);
        break;
      case 2:
        advance<2>(schedule, chains, steps);
        break;
      case 3:
        advance<3>(schedule, chains, steps);
        break;
      default:
        advance<4>(schedule, chains, steps);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < lanes; ++i) {
      chains[i].left -= steps;
      if (chains[i].left == 0) {
        _mm_storel_epi64(reinterpret_cast<__m128i*>(chains[i].blocks), chains[i].a);
      } else {
        chains[kept++] = chains[i];
      }
    }
    lanes = kept;
  }
}

}  // namespace

bool has_wrap_rounds() {
  static const bool has = __builtin_cpu_supports("aes") != 0 && __builtin_cpu_supports("sse4.1") != 0;
  return has;
}

void wrap_rounds(std::span<const std::byte, kWrapRoundsKeyBytes> key, std::span<const MutableBytes> all) {
  for (const MutableBytes blocks : all) {
    CLAVIGER_ASSERT(blocks.size() % kBlockBytes == 0 && blocks.size() > 2 * kBlockBytes);
  }
  Schedule schedule;
  expand(key.data(), schedule);
  wrap_all(schedule, all);
  wipe(std::as_writable_bytes(std::span(&schedule, 1)));
}

#else

bool has_wrap_rounds() { return false; }
void wrap_rounds(std::span<const std::byte, kWrapRoundsKeyBytes>, std::span<const MutableBytes>) {
  CLAVIGER_ASSERT(has_wrap_rounds());
}

#endif

}  // namespace claviger::crypto
