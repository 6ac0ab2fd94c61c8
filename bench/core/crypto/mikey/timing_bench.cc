// Whether [k]P takes a time that depends on k: scalars of three set bits against random ones, drawn in random order, and
// Welch's t over the fastest nine tenths of the times (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?").
// |t| below 4.5 says that no difference was seen; thousands of iterations make that worth something. Workloads:
//   one by one; eight at once in lanes; in turns: 0 and 1 of the argument
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>

#include "bench/core/crypto/interleaved.h"
#include "core/crypto/mikey/field_lanes.h"
#include "core/crypto/mikey/rsk_batch.h"
#include "core/crypto/random.h"

namespace claviger::mikey {
namespace {

struct Measured {
  double nanoseconds;
  bool is_sparse;
};

Scalar scalar_of(bool is_sparse) {
  Scalar random = *random_below(kOrder);
  Scalar sparse = from_word<16>(1);
  // Drawn in both cases, so that what comes before the measurement is the same.
  for (int i = 0; i < 2; ++i) sparse[random[static_cast<std::size_t>(i)] % 15] |= std::uint64_t{1} << (random[2] % 64);
  return is_sparse ? sparse : random;
}

double welch(std::vector<Measured> all) {
  std::sort(all.begin(), all.end(), [](const Measured& a, const Measured& b) { return a.nanoseconds < b.nanoseconds; });
  all.resize(all.size() * 9 / 10);
  double count[2] = {}, mean[2] = {}, square[2] = {};
  for (const Measured& each : all) {
    const int kind = each.is_sparse ? 1 : 0;
    const double distance = each.nanoseconds - mean[kind];
    mean[kind] += distance / ++count[kind];
    square[kind] += distance * (each.nanoseconds - mean[kind]);
  }
  if (count[0] < 2 || count[1] < 2) return 0;
  const double variance = square[0] / (count[0] - 1) / count[0] + square[1] / (count[1] - 1) / count[1];
  return (mean[1] - mean[0]) / std::sqrt(variance);
}

void scalar_timing(benchmark::State& state) {
  const bool in_lanes = state.range(0) == 1;
  if (in_lanes && !has_ifma()) {
    state.SkipWithError("the processor does not have it");
    return;
  }
  std::vector<Measured> all;
  for (auto _ : state) {
    std::uint8_t coin = 0;
    static_cast<void>(crypto::fill_random(std::as_writable_bytes(std::span(&coin, 1))));
    const bool is_sparse = (coin & 1U) != 0;
    std::int64_t start = 0;
    if (in_lanes) {
      std::array<FixedDigits, kLaneCount> digits;
      for (FixedDigits& each : digits) each = fixed_digits(scalar_of(is_sparse));
      std::array<AffinePoint, kLaneCount> points;
      RskBatch<LaneEngine> batch(kLaneCount);
      start = bench::thread_nanoseconds();
      benchmark::DoNotOptimize(batch.multiply(digits, points));
    } else {
      const Scalar k = scalar_of(is_sparse);
      start = bench::thread_nanoseconds();
      benchmark::DoNotOptimize(multiply_generator(k));
    }
    const std::int64_t end = bench::thread_nanoseconds();
    all.push_back({static_cast<double>(end - start), is_sparse});
    state.SetIterationTime(static_cast<double>(end - start) / 1e9);
  }
  state.counters["t"] = welch(std::move(all));
}
BENCHMARK(scalar_timing)->Arg(0)->Arg(1)->UseManualTime();

}  // namespace
}  // namespace claviger::mikey
