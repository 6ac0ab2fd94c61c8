#include "broker/subscriber/subscriber_cache.h"

#include <gtest/gtest.h>

namespace claviger::subscriber {
namespace {

CachedSubscriber subscriber(std::string_view private_identity) {
  Subscriber record;
  record.private_identity = private_identity;
  return {std::move(record), aka::SubscriberKey{}};
}
std::string key_of(int number) { return "alpha/user" + std::to_string(number) + "@ims.alpha.example"; }
CachedSubscriber& add(SubscriberCache& cache, int number) {
  return cache.insert(key_of(number), subscriber(std::to_string(number)));
}

TEST(SubscriberCache, KeepsThoseWhoWereAskedForLast) {
  SubscriberCache cache(3);
  EXPECT_EQ(cache.find(key_of(1)), nullptr);
  for (int number = 1; number <= 3; ++number) add(cache, number);
  ASSERT_NE(cache.find(key_of(1)), nullptr);  // 2 is now the one whom nobody asked for longest
  add(cache, 4);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(cache.find(key_of(2)), nullptr);
  for (const int number : {1, 3, 4}) {
    ASSERT_NE(cache.find(key_of(number)), nullptr) << number;
    EXPECT_EQ(cache.find(key_of(number))->subscriber.private_identity, std::to_string(number));
  }
}

TEST(SubscriberCache, WhoComesAgainTakesHisOwnPlace) {
  SubscriberCache cache(2);
  add(cache, 1);
  add(cache, 2);
  cache.insert(key_of(1), subscriber("changed"));
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(cache.find(key_of(1))->subscriber.private_identity, "changed");
  EXPECT_NE(cache.find(key_of(2)), nullptr);
}

TEST(SubscriberCache, HisLastNumberIsNotForgottenWithHim) {
  SubscriberCache cache(2);
  const auto use = [&](int number, Tick tick) { add(cache, number).numbers.use(tick, kIndBitsDefault, "", {}); };
  use(1, 700);
  EXPECT_EQ(cache.highest_forgotten(), 0U);
  use(2, 500);
  use(3, 100);  // 1 goes
  EXPECT_EQ(cache.highest_forgotten(), 700U);
  cache.erase(key_of(2));
  EXPECT_EQ(cache.highest_forgotten(), 700U);  // the highest, not the last
  EXPECT_EQ(cache.size(), 1U);
  cache.erase(key_of(2));  // once more: nobody
  use(4, 900);
  cache.insert(key_of(4), subscriber("anew"));  // what was known of him gives way as well
  EXPECT_EQ(cache.highest_forgotten(), 900U);
}

TEST(SubscriberCache, FindsEverybodyAmongManyThatComeAndGo) {
  SubscriberCache cache(100);
  for (int number = 0; number < 1'000; ++number) {
    add(cache, number);
    if (number % 7 == 0) cache.erase(key_of(number - 3));
  }
  EXPECT_LE(cache.size(), 100U);
  std::size_t found = 0;
  for (int number = 0; number < 1'000; ++number) {
    const CachedSubscriber* const one = cache.find(key_of(number));
    if (one == nullptr) continue;
    ++found;
    EXPECT_EQ(one->subscriber.private_identity, std::to_string(number));
  }
  EXPECT_EQ(found, cache.size());
}

}  // namespace
}  // namespace claviger::subscriber
