// What the calling thread has cost so far: its CPU and how much of it in the kernel, its system calls, and how long it stood
// ready while others had its CPU.
//
// Read by the thread itself, before and after what is measured. System calls are counted by perf from start_counting() on; where
// that is not allowed there is no number. A value, any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace claviger::bench {

struct ThreadCost {
  double cpu_seconds = 0;
  double kernel_share = 0;  // of cpu_seconds, by the kernel's ticks: good to some percent over seconds
  double waited_seconds = 0;
  std::optional<std::uint64_t> system_calls;

  // Of the calling thread, from now on. Costs each system call some 50 ns.
  static void start_counting();
  static ThreadCost now();
  ThreadCost since(const ThreadCost& before) const;
};

}  // namespace claviger::bench
