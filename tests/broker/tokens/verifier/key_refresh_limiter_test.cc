#include "broker/tokens/verifier/key_refresh_limiter.h"

#include <gtest/gtest.h>

namespace claviger::tokens {
namespace {

using namespace std::chrono_literals;

constexpr Monotonic kStart{1000s};

TEST(KeyRefreshLimiter, OncePerIssuerAndMinute) {
  KeyRefreshLimiter limiter;
  EXPECT_TRUE(limiter.may_refresh("a", kStart));
  EXPECT_FALSE(limiter.may_refresh("a", kStart));
  EXPECT_TRUE(limiter.may_refresh("b", kStart));
  EXPECT_FALSE(limiter.may_refresh("a", kStart + 59999ms));
  EXPECT_TRUE(limiter.may_refresh("a", kStart + 60s));
  EXPECT_FALSE(limiter.may_refresh("a", kStart + 61s));
}

// Attack list, row 5: random kids, even random issuers, cause no storm.
TEST(KeyRefreshLimiter, AStormIsBounded) {
  KeyRefreshLimiter limiter;
  int allowed = 0;
  for (int i = 0; i < 10'000; ++i) allowed += limiter.may_refresh("a", kStart + i * 10ms);
  EXPECT_EQ(allowed, 2);  // 100 s
  int strangers = 0;
  for (int i = 0; i < 10'000; ++i) strangers += limiter.may_refresh(std::to_string(i), kStart);
  EXPECT_EQ(strangers, static_cast<int>(kIssuersMax) - 1);
  EXPECT_TRUE(limiter.may_refresh("new", kStart + 200s));
}

}  // namespace
}  // namespace claviger::tokens
