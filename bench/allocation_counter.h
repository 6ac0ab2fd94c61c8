// The allocations-per-operation counter beside a benchmark's time (bench/allocation_count.h counts).
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

#include "bench/allocation_count.h"

namespace claviger::bench {

// Lives around the loop: at its end the state has the counter "allocations", per iteration.
class AllocationCounter {
 public:
  explicit AllocationCounter(benchmark::State& state) : state_(state), before_(allocation_count()) {}
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;
  ~AllocationCounter() {
    state_.counters["allocations"] =
        benchmark::Counter(static_cast<double>(allocation_count() - before_), benchmark::Counter::kAvgIterations);
  }

 private:
  benchmark::State& state_;
  std::uint64_t before_;
};

}  // namespace claviger::bench
