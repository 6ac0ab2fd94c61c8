// Sealing and opening records of 200 and 4000 bytes with 32 bytes of associated data.
#include <benchmark/benchmark.h>

#include "core/crypto/aead.h"

namespace claviger::crypto {
namespace {

void BM_Seal(benchmark::State& state) {
  const Secret<kAeadKeyBytes> key;
  auto aead = *Aead::make(key);
  const std::string text(static_cast<std::size_t>(state.range(0)), 't');
  const std::string associated(32, 'a');
  std::vector<std::byte> out(sealed_size(text.size()));
  for (auto _ : state) benchmark::DoNotOptimize(aead.seal(as_bytes(associated), as_bytes(text), out).has_value());
}
BENCHMARK(BM_Seal)->Arg(200)->Arg(4000);

void BM_Open(benchmark::State& state) {
  const Secret<kAeadKeyBytes> key;
  auto aead = *Aead::make(key);
  const std::string text(static_cast<std::size_t>(state.range(0)), 't');
  const std::string associated(32, 'a');
  const auto sealed = aead.seal(as_bytes(associated), as_bytes(text));
  std::vector<std::byte> out(text.size());
  for (auto _ : state) {
    if (!aead.open(as_bytes(associated), sealed->reveal(), out)) state.SkipWithError("open");
  }
}
BENCHMARK(BM_Open)->Arg(200)->Arg(4000);

}  // namespace
}  // namespace claviger::crypto
