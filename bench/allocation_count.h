// Counts what `operator new` gives out, for tests and benchmarks that promise how much a hot path takes from the heap.
//
// List bench/allocation_count.cc among the executable's sources: it replaces operator new there (not with a sanitizer, which
// has its own). malloc() called directly (by C libraries) is not seen. Benchmarks: bench/allocation_counter.h.
#pragma once

#include <cstdint>

namespace claviger::bench {

// Of all threads, since the start.
std::uint64_t allocation_count();

// Is told of each allocation of the calling thread, with the address that called operator new; null: nobody. It allocates
// nothing itself.
using AllocationObserver = void (*)(const void* caller);
void set_allocation_observer(AllocationObserver observer);

}  // namespace claviger::bench
