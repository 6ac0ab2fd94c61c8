#include "broker/keys/appointments.h"

#include <gtest/gtest.h>

#include <map>

namespace claviger::keys {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

TEST(Appointments, EachSecondHasRoomForSoMany) {
  Appointments appointments;
  std::map<std::int64_t, int> told;
  for (int i = 0; i < 1000; ++i) ++told[appointments.give(kNow, 100)];
  ASSERT_EQ(told.size(), 10U);
  for (std::int64_t wait = 1; wait <= 10; ++wait) EXPECT_EQ(told[wait], 100) << wait;
}

TEST(Appointments, ThoseWhoComeLaterGoBehindTheOthers) {
  Appointments appointments;
  for (int i = 0; i < 500; ++i) appointments.give(kNow, 100);
  EXPECT_EQ(appointments.give(kNow + 3, 100), 3);  // until kNow + 5 all is taken
  EXPECT_EQ(appointments.give(kNow + 60, 100), 1);
}

TEST(Appointments, NobodyIsSentAwayForLongerThanTheLongest) {
  Appointments appointments;
  std::int64_t longest = 0;
  for (int i = 0; i < 10'000; ++i) longest = std::max(longest, appointments.give(kNow, 10));
  EXPECT_EQ(longest, Appointments::kSecondsMax);
  EXPECT_EQ(appointments.give(kNow + Appointments::kSecondsMax, 10), 1);
}

TEST(Appointments, MoreRoomIsFoundInSecondsThatWereFull) {
  Appointments appointments;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(appointments.give(kNow, 10), 1);
  EXPECT_EQ(appointments.give(kNow, 10), 2);
  EXPECT_EQ(appointments.give(kNow, 20), 2);  // the first second is given up, not full for ever
  EXPECT_EQ(appointments.give(kNow + 1, 20), 1);
}

TEST(Appointments, AClockThatIsPutBackMakesNobodyWaitForIt) {
  Appointments appointments;
  for (int i = 0; i < 100; ++i) appointments.give(kNow + 86'400, 1);
  EXPECT_EQ(appointments.give(kNow, 1), 1);
  EXPECT_EQ(appointments.give(kNow, 1), 2);
}

TEST(Appointments, WithoutAnyRoomTheLongestIsTold) {
  Appointments appointments;
  EXPECT_EQ(appointments.give(kNow, 0), Appointments::kSecondsMax);
}

}  // namespace
}  // namespace claviger::keys
