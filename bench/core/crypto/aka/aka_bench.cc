// A vector of Milenage and of TUAK (key schedule included, as an authentication centre makes one per subscriber), and
// opening AUTS.
#include <benchmark/benchmark.h>

#include "core/crypto/aka/aka.h"

namespace claviger::aka {
namespace {

SubscriberKey key_of(Algorithm algorithm) {
  SubscriberKey key;
  key.algorithm = algorithm;
  key.key.reveal_for_writing()[0] = std::byte{1};
  key.operator_code.reveal_for_writing()[0] = std::byte{2};
  return key;
}

void BM_Vector(benchmark::State& state) {
  const SubscriberKey key = key_of(static_cast<Algorithm>(state.range(0)));
  Rand rand{};
  Sequence sequence = 32;
  for (auto _ : state) {
    rand[0] = static_cast<std::byte>(sequence & 0xFFU);
    benchmark::DoNotOptimize(make_vector(key, rand, sequence += 32, Amf{}).autn[0]);
  }
}
BENCHMARK(BM_Vector)->Arg(static_cast<int>(Algorithm::Milenage))->Arg(static_cast<int>(Algorithm::Tuak));

void BM_OpenAuts(benchmark::State& state) {
  const SubscriberKey key = key_of(static_cast<Algorithm>(state.range(0)));
  const auto auts = make_auts(key, Rand{}, 4711);
  for (auto _ : state) benchmark::DoNotOptimize(open_auts(key, Rand{}, auts).has_value());
}
BENCHMARK(BM_OpenAuts)->Arg(static_cast<int>(Algorithm::Milenage))->Arg(static_cast<int>(Algorithm::Tuak));

}  // namespace
}  // namespace claviger::aka
