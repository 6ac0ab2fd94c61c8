#include "core/crypto/aka/aes128.h"

#include "core/crypto/openssl.h"
#include "core/crypto/vector_intrinsics.h"

namespace claviger::aka {

#if defined(__x86_64__)
namespace {

#define CLAVIGER_AES __attribute__((target("sse2,aes")))

bool has_aes() {
  static const bool has = __builtin_cpu_supports("aes") != 0;
  return has;
}

// FIPS 197 clause 5.2: each word is the xor of the one four before and the one before; the first of four is substituted.
CLAVIGER_AES inline __m128i next_round_key(__m128i key, __m128i substituted) {
  substituted = _mm_shuffle_epi32(substituted, 0xFF);
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, substituted);
}

CLAVIGER_AES void expand(const std::byte* key, std::byte* round_keys) {
  __m128i* const out = reinterpret_cast<__m128i*>(round_keys);
  __m128i k = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key));
  _mm_store_si128(out, k);
// The round constant is an immediate operand.
#define CLAVIGER_ROUND(i, constant)                                \
  k = next_round_key(k, _mm_aeskeygenassist_si128(k, (constant))); \
  _mm_store_si128(out + (i), k)
  CLAVIGER_ROUND(1, 0x01);
  CLAVIGER_ROUND(2, 0x02);
  CLAVIGER_ROUND(3, 0x04);
  CLAVIGER_ROUND(4, 0x08);
  CLAVIGER_ROUND(5, 0x10);
  CLAVIGER_ROUND(6, 0x20);
  CLAVIGER_ROUND(7, 0x40);
  CLAVIGER_ROUND(8, 0x80);
  CLAVIGER_ROUND(9, 0x1B);
  CLAVIGER_ROUND(10, 0x36);
#undef CLAVIGER_ROUND
}

// Blocks side by side: a round of one takes four cycles, and another can start in each of them.
template <std::size_t N>
CLAVIGER_AES void encrypt_side_by_side(const std::byte* round_keys, Block* blocks) {
  const __m128i* const keys = reinterpret_cast<const __m128i*>(round_keys);
  __m128i state[N];  // std::array would drop the alignment that the type says
  const __m128i first = _mm_load_si128(keys);
  for (std::size_t i = 0; i < N; ++i) {
    state[i] = _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks[i].data())), first);
  }
  for (std::size_t round = 1; round < 10; ++round) {
    const __m128i key = _mm_load_si128(keys + round);
    for (std::size_t i = 0; i < N; ++i) state[i] = _mm_aesenc_si128(state[i], key);
  }
  const __m128i last = _mm_load_si128(keys + 10);
  for (std::size_t i = 0; i < N; ++i) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(blocks[i].data()), _mm_aesenclast_si128(state[i], last));
  }
}

}  // namespace
#endif

struct Aes128::Portable {
  crypto::CipherContextPtr context{EVP_CIPHER_CTX_new()};
};

Aes128::Aes128(std::span<const std::byte, kKeyBytes> key, AesEngine engine) {
#if defined(__x86_64__)
  if (engine == AesEngine::Fastest && has_aes()) {
    expand(key.data(), round_keys_.data());
    return;
  }
#else
  static_cast<void>(engine);
#endif
  portable_ = std::make_unique<Portable>();
  const bool is_ready = portable_->context && EVP_EncryptInit_ex2(portable_->context.get(), EVP_aes_128_ecb(),
                                                                  as_uchar(key), nullptr, nullptr) == 1;
  CLAVIGER_ASSERT(is_ready);
  EVP_CIPHER_CTX_set_padding(portable_->context.get(), 0);
}

Aes128::~Aes128() { wipe(round_keys_); }

void Aes128::encrypt(std::span<Block> blocks) const {
  CLAVIGER_ASSERT(blocks.size() <= kBlocksMax);
#if defined(__x86_64__)
  if (!portable_) {
    switch (blocks.size()) {
      case 1:
        return encrypt_side_by_side<1>(round_keys_.data(), blocks.data());
      case 2:
        return encrypt_side_by_side<2>(round_keys_.data(), blocks.data());
      case 3:
        return encrypt_side_by_side<3>(round_keys_.data(), blocks.data());
      case 4:
        return encrypt_side_by_side<4>(round_keys_.data(), blocks.data());
      default:
        return;
    }
  }
#endif
  for (Block& block : blocks) {
    unsigned char* const bytes = as_uchar(MutableBytes(block));
    int size = 0;
    const int done = EVP_EncryptUpdate(portable_->context.get(), bytes, &size, bytes, sizeof(Block));
    CLAVIGER_ASSERT(done == 1 && size == sizeof(Block));
  }
}

}  // namespace claviger::aka
