// Where the engine's threads may run. RocksDB's background threads inherit it from the thread that starts them.
#pragma once

#include <sched.h>

#include <vector>

namespace claviger::storage::rocks {

// Restricts the calling thread for as long as it lives; for good when never destroyed before the thread ends.
class ScopedAffinity {
 public:
  explicit ScopedAffinity(const std::vector<int>& cpus) : is_set_(!cpus.empty()) {
    if (!is_set_) return;
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : cpus) CPU_SET(static_cast<std::size_t>(cpu), &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  ScopedAffinity(const ScopedAffinity&) = delete;
  ScopedAffinity& operator=(const ScopedAffinity&) = delete;
  ~ScopedAffinity() {
    if (is_set_) sched_setaffinity(0, sizeof before_, &before_);
  }

 private:
  bool is_set_;
  cpu_set_t before_{};
};

}  // namespace claviger::storage::rocks
