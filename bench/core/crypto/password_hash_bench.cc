// What a sign-in costs in the password pool: Argon2id with the default parameters, and the hashes of imports.
#include <benchmark/benchmark.h>

#include "core/crypto/password_hash.h"

namespace claviger::crypto {
namespace {

void BM_HashPassword(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(hash_password(as_bytes("correct horse"), {}).has_value());
}
BENCHMARK(BM_HashPassword)->Unit(benchmark::kMillisecond);

void BM_VerifyImported(benchmark::State& state, const char* hash) {
  for (auto _ : state) benchmark::DoNotOptimize(verify_password(as_bytes("wrong"), hash).has_value());
}
BENCHMARK_CAPTURE(BM_VerifyImported, scrypt_17,
                  "$scrypt$ln=17,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_VerifyImported, pbkdf2_600k,
                  "$pbkdf2-sha256$i=600000$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace claviger::crypto
