// Counts what `operator new` gives out, for the allocations-per-operation counter beside a benchmark's time.
//
// List bench/allocation_count.cc among the benchmark's sources: it replaces operator new in that executable
// alone. malloc() called directly (by C libraries) is not seen. Any thread.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace claviger::bench {

std::uint64_t allocation_count();

// Lives around the loop: at its end the state has the counter "allocations", per iteration.
class AllocationCounter {
 public:
  explicit AllocationCounter(benchmark::State& state) : state_(state), before_(allocation_count()) {}
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;
  ~AllocationCounter() {
    state_.counters["allocations"] = benchmark::Counter(static_cast<double>(allocation_count() - before_),
                                                        benchmark::Counter::kAvgIterations);
  }

 private:
  benchmark::State& state_;
  std::uint64_t before_;
};

}  // namespace claviger::bench
