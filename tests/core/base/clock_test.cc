#include "core/base/clock.h"

#include <gtest/gtest.h>

namespace claviger {
namespace {

using namespace std::chrono_literals;

TEST(SandboxClock, FollowsTheMachineUntilSet) {
  SandboxClock clock;
  const auto machine = std::chrono::system_clock::now();
  EXPECT_LT(std::chrono::abs(clock.wall() - machine), 5s);
}

TEST(SandboxClock, StandsStillAtSpeedZero) {
  SandboxClock clock;
  clock.set(from_numeric_date(1'764'000'000), 0);
  EXPECT_EQ(numeric_date(clock.wall()), 1'764'000'000);
}

TEST(ManualClock, AdvancesBothTimes) {
  ManualClock clock(from_numeric_date(100));
  const Monotonic before = clock.monotonic();
  clock.advance(1500ms);
  EXPECT_EQ(clock.monotonic() - before, 1500ms);
  EXPECT_EQ(numeric_date(clock.wall()), 101);
}

TEST(Clock, NumericDateRoundsDown) {
  EXPECT_EQ(numeric_date(WallTime(1999ms)), 1);
  EXPECT_EQ(numeric_date(WallTime(-1ms)), -1);
}

}  // namespace
}  // namespace claviger
