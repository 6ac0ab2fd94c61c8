#include "broker/identity/sign_in_throttle.h"

#include <gtest/gtest.h>

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;

struct Throttled : ::testing::Test {
  settings::Limits limits;
  SignInThrottle throttle{SipKey{3, 4}, 1};
  Monotonic now{1h};

  SignInThrottle::Verdict begin(std::string_view login, std::string_view source) {
    return throttle.begin(limits, "alpha", login, source, now);
  }
  // Wrong passwords until the throttle says no.
  int wrong_until_refused(std::string_view login, std::string_view source) {
    int count = 0;
    while (begin(login, source).is_admitted) ++count;
    return count;
  }
};

TEST_F(Throttled, FiveTriesThenExponentialDelayNeverALock) {
  for (int i = 1; i <= 5; ++i) {
    const auto verdict = begin("ann", "192.0.2.1");
    EXPECT_TRUE(verdict.is_admitted);
    EXPECT_EQ(verdict.is_last, i == 5);
  }
  EXPECT_EQ(begin("ann", "192.0.2.1").retry_after, 30s);
  now += 30s;
  EXPECT_TRUE(begin("ann", "192.0.2.1").is_admitted);
  EXPECT_EQ(begin("ann", "192.0.2.1").retry_after, 60s);
  now += 60s;
  EXPECT_TRUE(begin("ann", "192.0.2.1").is_admitted);
  EXPECT_EQ(begin("ann", "192.0.2.1").retry_after, 120s);
  for (int i = 0; i < 100; ++i) {
    now += 15min;  // the longest delay
    EXPECT_TRUE(begin("ann", "192.0.2.1").is_admitted);
  }
}

TEST_F(Throttled, AnOperatorLiftsALoginsWaits) {
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 5);
  EXPECT_EQ(wrong_until_refused("bob", "192.0.2.1"), 5);
  EXPECT_FALSE(begin("ann", "203.0.113.1").is_admitted);  // for the login's sake
  throttle.lift_login("alpha", "ann", now);
  EXPECT_TRUE(begin("ann", "203.0.113.1").is_admitted);
  EXPECT_FALSE(begin("bob", "192.0.2.1").is_admitted);
  EXPECT_FALSE(throttle.begin(limits, "bravo", "bob", "192.0.2.1", now).is_last);
  now += 1s;
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 4);  // with the one from elsewhere five of the login's
  // Only what was before is lifted.
  EXPECT_FALSE(begin("ann", "192.0.2.1").is_admitted);
}

TEST_F(Throttled, AnOperatorSeesWhoWaits) {
  const auto waits = [&] { return throttle.waits_of("alpha", "ann", now); };
  begin("ann", "192.0.2.1");
  EXPECT_EQ(waits().longest, 0s);
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 4);
  EXPECT_EQ(waits().longest, 30s);
  EXPECT_EQ(waits().elsewhere, 1s);
  now += 2s;
  begin("ann", "203.0.113.1");  // once, and from there nothing waits
  EXPECT_EQ(waits().longest, 28s) << "the one who waits longest counts";
  EXPECT_EQ(waits().elsewhere, 2s);
  throttle.withdraw("alpha", "ann", "192.0.2.1");
  EXPECT_EQ(waits().longest, 2s) << "nobody has looked at his last try";
  EXPECT_EQ(throttle.waits_of("bravo", "ann", now).longest, 0s);
  EXPECT_EQ(throttle.waits_of("alpha", "bob", now).longest, 0s);
  now += 30s;
  EXPECT_EQ(waits().longest, 0s);
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 1);
  throttle.lift_login("alpha", "ann", now);
  EXPECT_EQ(waits().longest, 0s);

  const SignInThrottle::Total total{2, Seconds{300}};
  EXPECT_EQ(throttle.wait_of_total(total, "alpha", "ann", now), 0s);
  while (throttle.begin_total(total, "alpha", "ann", now) == Milliseconds{0}) {
  }
  now += 100s;
  EXPECT_EQ(throttle.wait_of_total(total, "alpha", "ann", now), 200s);
  now += 300s;
  EXPECT_EQ(throttle.wait_of_total(total, "alpha", "ann", now), 0s);
}

TEST_F(Throttled, AnOperatorLiftsATotal) {
  const SignInThrottle::Total total{2, Seconds{300}};
  while (throttle.begin_total(total, "alpha", "ann", now) == Milliseconds{0}) {
  }
  throttle.lift_login("alpha", "ann", now);
  EXPECT_EQ(throttle.begin_total(total, "alpha", "ann", now), Milliseconds{0});
}

TEST_F(Throttled, AnOperatorLiftsASourcesWait) {
  limits.source_tries = 20;
  int logins = 0;
  while (begin("user-" + std::to_string(logins), "2001:db8::1").is_admitted) ++logins;
  EXPECT_EQ(logins, 20);
  throttle.lift_source("2001:db8::2");  // of the same network of 64 bits
  EXPECT_TRUE(begin("user-21", "2001:db8::1").is_admitted);
}

TEST_F(Throttled, AQuietWindowForgives) {
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 5);
  now += 15min;
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 5);
}

TEST_F(Throttled, TheRightPasswordFromElsewhereWaitsSecondsNotMinutes) {
  EXPECT_EQ(wrong_until_refused("ann", "203.0.113.9"), 5);
  EXPECT_LE(begin("ann", "192.0.2.1").retry_after, 1s);
  now += 1s;
  EXPECT_TRUE(begin("ann", "192.0.2.1").is_admitted);
}

TEST_F(Throttled, ManySourcesAtOneAccountAreSlowedTogether) {
  int admitted = 0;
  for (int source = 0; source < 1000; ++source) {
    if (begin("ann", "203.0.113." + std::to_string(source)).is_admitted) ++admitted;
    now += 100ms;
  }
  EXPECT_LE(admitted, 5 + 10);  // five, then after 1, 2, 4, ... 30 s of the 100 s
  // Never beyond half a minute.
  const auto wait = begin("ann", "198.51.100.1").retry_after;
  EXPECT_LE(wait, SignInThrottle::kLoginDelayMax);
}

// issue 4: "cannot be used to lock others out": a botnet that takes every try as it comes free.
TEST_F(Throttled, WhoIsRefusedForOthersSakeHasATurnOfHisOwn) {
  int bot = 0;
  const auto hammer = [&] {
    for (int i = 0; i < 20; ++i) begin("ann", "203.0.113." + std::to_string(bot++ % 250));
  };
  for (int i = 0; i < 1000; ++i) {
    hammer();
    now += 100ms;
  }
  const auto refused = begin("ann", "198.51.100.7");
  ASSERT_FALSE(refused.is_admitted);
  const Monotonic promised = now + refused.retry_after;
  while (now < promised) {
    now += 100ms;
    hammer();
  }
  EXPECT_TRUE(begin("ann", "198.51.100.7").is_admitted);
  // One in a window, for all of his network: it is no way around the delay for whoever has many addresses.
  EXPECT_FALSE(begin("ann", "198.51.200.8").is_admitted);
  now += SignInThrottle::kLoginDelayMax - 1s;
  hammer();
  EXPECT_FALSE(begin("ann", "198.51.100.7").is_admitted);
}

TEST_F(Throttled, OneHostWithManyNetworksOfIpv6HasOneTurn) {
  for (int i = 0; i < 10; ++i) begin("ann", "203.0.113.1" + std::to_string(i));
  int turns = 0;
  for (int i = 0; i < 400; ++i) {
    begin("ann", "203.0.113.5");
    if (begin("ann", "2001:db8:" + std::to_string(i % 90 + 1) + "::1").is_admitted) ++turns;
    now += 100ms;
  }
  EXPECT_LE(turns, 4);  // what comes free by itself in 40 s, and one turn
}

TEST_F(Throttled, AKnownSourceIsNotHeldUpByStrangers) {
  ASSERT_TRUE(begin("ann", "192.0.2.1").is_admitted);
  throttle.passed("alpha", "ann", "192.0.2.1", now);
  for (int source = 0; source < 50; ++source) begin("ann", "203.0.113." + std::to_string(source));
  ASSERT_FALSE(begin("ann", "198.51.100.1").is_admitted);
  EXPECT_TRUE(begin("ann", "192.0.2.1").is_admitted);
  // He gets no more tries than anybody, though.
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 4);
  now += SignInThrottle::kSourceKnown;
  EXPECT_TRUE(begin("ann", "192.0.2.1").is_admitted);
}

TEST_F(Throttled, OneSourceGuessingManyAccountsIsSlowed) {
  limits.source_tries = 20;
  int admitted = 0;
  for (int user = 0; user < 100; ++user) {
    if (begin("user-" + std::to_string(user), "203.0.113.9").is_admitted) ++admitted;
  }
  EXPECT_EQ(admitted, 20);
  // Others behind the same gateway who are known there are not.
  ASSERT_TRUE(begin("bob", "192.0.2.7").is_admitted);
  throttle.passed("alpha", "bob", "203.0.113.9", now);
  EXPECT_TRUE(begin("bob", "203.0.113.9").is_admitted);
}

TEST_F(Throttled, AnIpv6NetworkIsOneSource) {
  EXPECT_EQ(wrong_until_refused("ann", "2001:db8:1:2::1"), 5);
  EXPECT_FALSE(begin("ann", "2001:db8:1:2:ffff::9").is_admitted);
  now += 1s;  // only the account's own delay holds up another network
  EXPECT_TRUE(begin("ann", "2001:db8:1:3::1").is_admitted);
}

TEST_F(Throttled, SuccessStartsAnew) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(begin("ann", "192.0.2.1").is_admitted);
  ASSERT_TRUE(begin("ann", "192.0.2.1").is_admitted);
  throttle.passed("alpha", "ann", "192.0.2.1", now);
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 5);
}

TEST_F(Throttled, WhatNobodyLookedAtDoesNotCount) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(begin("ann", "192.0.2.1").is_admitted);
    throttle.withdraw("alpha", "ann", "192.0.2.1");
  }
  EXPECT_EQ(throttle.entries(), 0U);
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 5);
}

TEST_F(Throttled, TenantsAndLoginsAreApart) {
  EXPECT_EQ(wrong_until_refused("ann", "192.0.2.1"), 5);
  EXPECT_TRUE(begin("bob", "192.0.2.1").is_admitted);
  EXPECT_TRUE(throttle.begin(limits, "bravo", "ann", "192.0.2.1", now).is_admitted);
}

TEST_F(Throttled, TablesAreBounded) {
  limits.source_tries = 100'000'000;
  for (std::size_t i = 0; i < SignInThrottle::kEntriesMax + 1000; ++i) begin("user-" + std::to_string(i), "192.0.2.1");
  EXPECT_LE(throttle.entries(), 2 * SignInThrottle::kEntriesMax + 1);
}

}  // namespace
}  // namespace claviger::identity
