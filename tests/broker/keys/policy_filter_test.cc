#include "broker/keys/policy_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::keys {
namespace {

std::string key_of(int number) { return "alpha" + std::string(1, '\0') + "sip:user" + std::to_string(number); }

TEST(PolicyFilter, SaysNoToNobodyUntilAllAreKnown) {
  PolicyFilter filter;
  filter.add(key_of(1));
  EXPECT_TRUE(filter.may_have(key_of(1)));
  EXPECT_TRUE(filter.may_have(key_of(2)));
  filter.complete();
  EXPECT_TRUE(filter.may_have(key_of(1)));
  EXPECT_FALSE(filter.may_have(key_of(2)));
}

TEST(PolicyFilter, NeverSaysNoToOneThatWasAdded) {
  constexpr int kAdded = 64 * 1024;  // as many as are read at start
  PolicyFilter filter;
  filter.complete();
  for (int i = 0; i < kAdded; ++i) filter.add(key_of(i));
  int found = 0;
  for (int i = 0; i < kAdded; ++i) found += filter.may_have(key_of(i)) ? 1 : 0;
  EXPECT_EQ(found, kAdded);
  // Of the others one in 128; the hash is the library's, so this leaves it room.
  int in_vain = 0;
  for (int i = kAdded; i < 2 * kAdded; ++i) in_vain += filter.may_have(key_of(i)) ? 1 : 0;
  EXPECT_LT(in_vain, kAdded / 50);
}

TEST(PolicyFilter, OneAddedLaterIsKnownAtOnce) {
  PolicyFilter filter;
  filter.complete();
  EXPECT_FALSE(filter.may_have(key_of(1)));
  filter.add(key_of(1));
  EXPECT_TRUE(filter.may_have(key_of(1)));
}

TEST(PolicyFilter, OneErasedIsForgottenUnlessItsBitIsAnothersToo) {
  PolicyFilter filter;
  filter.complete();
  filter.add(key_of(1));
  filter.add(key_of(1));  // as of another whose key has that hash
  filter.remove(key_of(1));
  EXPECT_TRUE(filter.may_have(key_of(1)));
  filter.remove(key_of(1));
  EXPECT_FALSE(filter.may_have(key_of(1)));
  filter.remove(key_of(1));  // what is not there
  filter.add(key_of(1));
  EXPECT_TRUE(filter.may_have(key_of(1)));
}

}  // namespace
}  // namespace claviger::keys
