// SHA-256 and HMAC-SHA-256 of a token's 700 bytes, against the one-shot functions of OpenSSL.
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "bench/core/crypto/interleaved.h"
#include "core/crypto/digest.h"
#include "core/crypto/hmac.h"

namespace claviger::crypto {
namespace {

const std::string kInput(700, 'x');

void BM_Sha256(benchmark::State& state) {
  std::array<unsigned char, 32> out;
  bench::compare(
      state, 64, [&] { benchmark::DoNotOptimize(SHA256(as_uchar(as_bytes(kInput)), kInput.size(), out.data())); },
      [&] { benchmark::DoNotOptimize(sha256(as_bytes(kInput))); });
}
BENCHMARK(BM_Sha256)->UseManualTime();

void BM_HmacSha256(benchmark::State& state) {
  const std::string key(32, 'k');
  const HmacSha256 hmac(as_bytes(key));
  std::array<unsigned char, 32> out;
  unsigned size = 0;
  bench::compare(
      state, 64,
      [&] {
        benchmark::DoNotOptimize(
            HMAC(EVP_sha256(), key.data(), 32, as_uchar(as_bytes(kInput)), kInput.size(), out.data(), &size));
      },
      [&] { benchmark::DoNotOptimize(hmac.compute(as_bytes(kInput))); });
}
BENCHMARK(BM_HmacSha256)->UseManualTime();

}  // namespace
}  // namespace claviger::crypto
