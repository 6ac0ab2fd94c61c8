#include "bench/thread_cost.h"

#include <linux/perf_event.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <fstream>

namespace claviger::bench {
namespace {

thread_local int t_counter = -1;
constexpr const char* kTracing[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

void ThreadCost::start_counting() {
  std::uint64_t id = 0;
  for (const char* folder : kTracing) {
    std::ifstream file(std::string(folder) + "/events/raw_syscalls/sys_enter/id");
    if (file >> id) break;
  }
  if (id == 0) return;
  perf_event_attr wanted{};
  wanted.type = PERF_TYPE_TRACEPOINT;
  wanted.size = sizeof wanted;
  wanted.config = id;
  wanted.sample_period = 0;
  t_counter = static_cast<int>(syscall(SYS_perf_event_open, &wanted, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

ThreadCost ThreadCost::now() {
  ThreadCost cost;
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  cost.cpu_seconds = static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  rusage used{};
  getrusage(RUSAGE_THREAD, &used);
  const double kernel = seconds_of(used.ru_stime);
  const double all = kernel + seconds_of(used.ru_utime);
  cost.kernel_share = all > 0 ? kernel / all : 0;
  std::ifstream schedule("/proc/thread-self/schedstat");
  std::uint64_t ran = 0;
  std::uint64_t waited = 0;
  if (schedule >> ran >> waited) cost.waited_seconds = static_cast<double>(waited) * 1e-9;
  std::uint64_t calls = 0;
  if (t_counter >= 0 && read(t_counter, &calls, sizeof calls) == sizeof calls) cost.system_calls = calls;
  return cost;
}

ThreadCost ThreadCost::since(const ThreadCost& before) const {
  ThreadCost cost;
  cost.cpu_seconds = cpu_seconds - before.cpu_seconds;
  const double kernel = kernel_share * cpu_seconds - before.kernel_share * before.cpu_seconds;
  cost.kernel_share = cost.cpu_seconds > 0 ? kernel / cost.cpu_seconds : 0;
  cost.waited_seconds = waited_seconds - before.waited_seconds;
  if (system_calls && before.system_calls) cost.system_calls = *system_calls - *before.system_calls;
  return cost;
}

}  // namespace claviger::bench
