#include "core/runtime/thread_schedule.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace claviger::runtime {
namespace {

// sched_setattr(2), version 0 of its attributes: glibc has neither.
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t niceness = 0;
  std::uint32_t priority = 0;
  std::uint64_t slice_ns = 0;  // "runtime" of the deadline policy, the slice of the others
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(Attributes) == 48);

// The shortest that the kernel grants.
constexpr std::uint64_t kShortSliceNs = 100'000;

}  // namespace

void ask_for_short_slices() {
  Attributes attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  // Under a real-time policy that somebody has given us, it would mean something else.
  if (attributes.policy != SCHED_OTHER) return;
  attributes.slice_ns = kShortSliceNs;
  [[maybe_unused]] const auto done = ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void give_way(int niceness) {
  const sched_param none{};
  if (::sched_getscheduler(0) == SCHED_OTHER) ::sched_setscheduler(0, SCHED_BATCH, &none);
  if (niceness != 0) ::setpriority(PRIO_PROCESS, 0, niceness);  // of this thread alone
}

}  // namespace claviger::runtime
