#include "core/sip/subscription_life.h"

#include <gtest/gtest.h>

namespace claviger::sip {
namespace {

constexpr std::int64_t kNow = 1000;

TEST(SubscriptionLife, BeginsAndIsExtended) {
  SubscriptionLife life;
  EXPECT_TRUE(extend(life, kNow, 600, 1)) << "a first row";
  EXPECT_EQ(life.expires_at, kNow + 600);
  EXPECT_EQ(life.timer_due, kNow + 600);
  EXPECT_EQ(life.all_from, 2U) << "it is owed the next NOTIFY";
  EXPECT_FALSE(extend(life, kNow + 100, 600, 2)) << "the row that stands comes in time";
  EXPECT_EQ(life.timer_due, kNow + 600);
  EXPECT_EQ(life.all_from, 3U);
  EXPECT_EQ(look_at(life, kNow + 600, kNow + 600), Look::Later);
  EXPECT_EQ(life.timer_due, kNow + 700);
  EXPECT_EQ(look_at(life, kNow + 700, kNow + 600), Look::Nothing) << "an older row";
  EXPECT_EQ(look_at(life, kNow + 700, kNow + 700), Look::Over);
  EXPECT_EQ(life.ending, "timeout");
  EXPECT_EQ(look_at(life, kNow + 700, kNow + 700), Look::Nothing) << "it ends already";
}

TEST(SubscriptionLife, IsMadeShorter) {
  SubscriptionLife life;
  EXPECT_TRUE(extend(life, kNow, 3600, 1));
  EXPECT_TRUE(extend(life, kNow + 10, 60, 2)) << "the row that stands would come too late";
  EXPECT_EQ(life.timer_due, kNow + 70);
  EXPECT_EQ(look_at(life, kNow + 3600, kNow + 3600), Look::Nothing);
  EXPECT_EQ(look_at(life, kNow + 70, kNow + 70), Look::Over);
}

TEST(SubscriptionLife, EndsAtOnce) {
  SubscriptionLife life;
  EXPECT_FALSE(extend(life, kNow, 0, 1));
  EXPECT_EQ(life.ending, "timeout");
  EXPECT_EQ(state_of(life, kNow), "terminated;reason=timeout");
  SubscriptionLife rejected;
  EXPECT_TRUE(extend(rejected, kNow, 60, 1));
  EXPECT_EQ(state_of(rejected, kNow + 20), "active;expires=40");
  rejected.ending = "rejected";
  EXPECT_FALSE(extend(rejected, kNow, 0, 1));
  EXPECT_EQ(rejected.ending, "rejected") << "the reason that came first";
  SubscriptionLife late;
  EXPECT_TRUE(extend(late, kNow, 60, 1));
  end_if_over(late, kNow + 59);
  EXPECT_EQ(late.ending, "");
  end_if_over(late, kNow + 60);
  EXPECT_EQ(late.ending, "timeout") << "though no row has come";
}

}  // namespace
}  // namespace claviger::sip
