// Times two ways of doing the same thing in turns within one loop, so that both see the same machine.
#pragma once

#include <benchmark/benchmark.h>

#include <time.h>

#include <cstdint>

namespace claviger::bench {

// CPU time of the calling thread.
inline std::int64_t thread_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Each iteration runs `peer` and `ours` `batch` times (a reading of the clock costs some 0.2 us). Counters: what each
// costs in nanoseconds, and how many times faster ours is.
template <typename Peer, typename Ours>
void compare(benchmark::State& state, int batch, Peer peer, Ours ours) {
  std::int64_t peer_total = 0;
  std::int64_t ours_total = 0;
  for (auto _ : state) {
    const std::int64_t start = thread_nanoseconds();
    for (int i = 0; i < batch; ++i) peer();
    const std::int64_t middle = thread_nanoseconds();
    for (int i = 0; i < batch; ++i) ours();
    const std::int64_t end = thread_nanoseconds();
    peer_total += middle - start;
    ours_total += end - middle;
    state.SetIterationTime(static_cast<double>(end - middle) / 1e9 / batch);
  }
  const double operations = static_cast<double>(state.iterations()) * batch;
  state.counters["peer_ns"] = static_cast<double>(peer_total) / operations;
  state.counters["ours_ns"] = static_cast<double>(ours_total) / operations;
  state.counters["ratio"] = static_cast<double>(peer_total) / static_cast<double>(ours_total);
}

}  // namespace claviger::bench
