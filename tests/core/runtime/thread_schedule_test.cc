#include "core/runtime/thread_schedule.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <thread>

namespace claviger::runtime {
namespace {

int niceness() { return getpriority(PRIO_PROCESS, 0); }  // of this thread

TEST(ThreadSchedule, WhoAsksForShortSlicesIsAsNiceAsBeforeAndUnderTheUsualPolicy) {
  std::thread([] {
    const int before = niceness();
    ask_for_short_slices();
    EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
    EXPECT_EQ(niceness(), before);
  }).join();
}

TEST(ThreadSchedule, WhoGivesWayPushesNobodyAside) {
  std::thread([] {
    const int before = niceness();
    give_way(0);
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
    EXPECT_EQ(niceness(), before);
    give_way(19);
    EXPECT_EQ(niceness(), 19);
  }).join();
}

}  // namespace
}  // namespace claviger::runtime
