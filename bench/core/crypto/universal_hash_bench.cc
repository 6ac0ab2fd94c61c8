// The token cache's hash over tokens of 100, 700 and 4000 bytes, with each set of instructions.
#include <benchmark/benchmark.h>

#include "core/crypto/digest.h"
#include "core/crypto/universal_hash_kernels.h"

namespace claviger::crypto {
namespace {

using Kernel = Hash128 (*)(const kernels::HashPowers&, Bytes);

void BM_UniversalHash(benchmark::State& state, Kernel kernel, bool (*is_here)()) {
  if (!is_here()) return state.SkipWithError("this processor has no such instructions");
  const kernels::HashPowers powers = kernels::powers_of({0x1234567890ABCDEF, 0xFEDCBA0987654321});
  const std::string token(static_cast<std::size_t>(state.range(0)), 't');
  for (auto _ : state) benchmark::DoNotOptimize(kernel(powers, as_bytes(token)));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK_CAPTURE(BM_UniversalHash, vpclmul, kernels::hash_vpclmul, kernels::has_vpclmul)
    ->Arg(100)
    ->Arg(700)
    ->Arg(4000);
BENCHMARK_CAPTURE(BM_UniversalHash, pclmul, kernels::hash_pclmul, kernels::has_pclmul)->Arg(100)->Arg(700)->Arg(4000);
BENCHMARK_CAPTURE(BM_UniversalHash, portable, kernels::hash_portable, [] { return true; })->Arg(700);

}  // namespace
}  // namespace claviger::crypto
