#include "broker/keys/appointments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

namespace claviger::keys {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

struct AppointmentsTest : testing::Test {
  // Of somebody who was never here before.
  std::int64_t stranger(std::int64_t now, std::uint32_t room) {
    return appointments->give("sip:user" + std::to_string(++strangers), now, room);
  }
  std::unique_ptr<Appointments> appointments = std::make_unique<Appointments>();
  int strangers = 0;
};

TEST_F(AppointmentsTest, EachSecondHasRoomForSoMany) {
  std::map<std::int64_t, int> told;
  for (int i = 0; i < 1000; ++i) ++told[stranger(kNow, 100)];
  ASSERT_EQ(told.size(), 10U);
  for (std::int64_t wait = 1; wait <= 10; ++wait) EXPECT_EQ(told[wait], 100) << wait;
}

TEST_F(AppointmentsTest, ThoseWhoComeLaterGoBehindTheOthers) {
  for (int i = 0; i < 500; ++i) stranger(kNow, 100);
  EXPECT_EQ(stranger(kNow + 3, 100), 3);  // until kNow + 5 all is taken
  EXPECT_EQ(stranger(kNow + 60, 100), 1);
}

TEST_F(AppointmentsTest, WhoeverAsksAgainTakesNobodysPlace) {
  for (int i = 0; i < 200; ++i) stranger(kNow, 100);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(appointments->give("sip:impatient", kNow, 100), 3);
  EXPECT_EQ(appointments->give("sip:impatient", kNow + 1, 100), 2);
  EXPECT_EQ(stranger(kNow, 100), 3);
  // His second has come, and he is refused once more: another one.
  EXPECT_EQ(appointments->give("sip:impatient", kNow + 3, 100), 1);
}

TEST_F(AppointmentsTest, NobodyIsSentAwayForLongerThanTheLongest) {
  std::int64_t longest = 0;
  for (int i = 0; i < 10'000; ++i) longest = std::max(longest, stranger(kNow, 10));
  EXPECT_EQ(longest, Appointments::kSecondsMax);
  EXPECT_EQ(stranger(kNow + Appointments::kSecondsMax, 10), 1);
}

TEST_F(AppointmentsTest, MoreRoomIsFoundInSecondsThatWereFull) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(stranger(kNow, 10), 1);
  EXPECT_EQ(stranger(kNow, 10), 2);
  EXPECT_EQ(stranger(kNow, 20), 2);  // the first second is given up, not full for ever
  EXPECT_EQ(stranger(kNow + 1, 20), 1);
}

TEST_F(AppointmentsTest, AClockThatIsPutBackMakesNobodyWaitForIt) {
  for (int i = 0; i < 100; ++i) stranger(kNow + 86'400, 1);
  EXPECT_EQ(stranger(kNow, 1), 1);
  EXPECT_EQ(stranger(kNow, 1), 2);
}

TEST_F(AppointmentsTest, WithoutAnyRoomTheLongestIsTold) { EXPECT_EQ(stranger(kNow, 0), Appointments::kSecondsMax); }

TEST(PaceTest, FollowsWhatIsServed) {
  Pace pace;
  EXPECT_EQ(pace.a_second(), Pace::kAtFirst);
  for (int i = 0; i < 50; ++i) pace.note(64, std::chrono::milliseconds(8));
  EXPECT_NEAR(pace.a_second(), 8000, 20);
  for (int i = 0; i < 50; ++i) pace.note(64, std::chrono::milliseconds(640));
  EXPECT_NEAR(pace.a_second(), 100, 20);
}

TEST(PaceTest, IsNeverNothingAndNeverBeyondReason) {
  Pace pace;
  for (int i = 0; i < 200; ++i) pace.note(1, std::chrono::hours(1));
  EXPECT_EQ(pace.a_second(), 1U);
  pace.note(64, std::chrono::nanoseconds(0));
  EXPECT_EQ(pace.a_second(), 1'000'000U);
}

}  // namespace
}  // namespace claviger::keys
