// Menu: decode and encode what a 700-byte token holds; the portable code beside the chosen one.
#include "core/codec/base64url.h"

#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "bench/allocation_counter.h"
#include "core/codec/base64_kernels.h"

namespace claviger::codec {
namespace {

std::string token_text(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 131 + 7);
  std::string text;
  base64url_encode(bytes, text);
  return text;
}

void decode(benchmark::State& state) {
  const std::string text = token_text(static_cast<std::size_t>(state.range(0)));
  std::array<std::byte, 1024> out;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(base64url_decode(text, out));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode)->Arg(60)->Arg(64)->Arg(400)->Arg(540);

void decode_portable(benchmark::State& state) {
  const std::string text = token_text(540);
  std::array<std::uint8_t, 1024> out;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernels::decode_groups(kernels::Alphabet::Url, as_uchar(as_bytes(text)), 180, out.data()));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 540);
}
BENCHMARK(decode_portable);

void encode(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{0x5A});
  std::array<std::byte, 1024> out;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(base64url_encode(bytes, out));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode)->Arg(32)->Arg(64)->Arg(540);

}  // namespace
}  // namespace claviger::codec
