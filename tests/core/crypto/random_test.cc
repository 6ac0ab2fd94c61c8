#include "core/crypto/random.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "core/crypto/fresh_value.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

TEST(Random, FillsAllOfIt) {
  std::array<std::byte, 64> first{};
  std::array<std::byte, 64> second{};
  ASSERT_TRUE(fill_random(first));
  ASSERT_TRUE(fill_random(second));
  EXPECT_NE(first, second);
  EXPECT_TRUE(fill_random({}));
}

TEST(Random, MakesSecrets) {
  const auto first = random_bytes<32>();
  const auto second = random_bytes<32>();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(first->equals(second->reveal()));
}

// Short draws come from bytes drawn ahead, by thread.
TEST(Random, NeverGivesTheSameBytesTwiceOnAnyThread) {
  std::array<std::set<std::string>, 3> drawn;
  const auto draw = [](std::set<std::string>& into) {
    for (int i = 0; i < 300; ++i) {
      std::array<std::byte, 32> bytes{};
      const std::size_t size = i % 2 == 0 ? 16 : 32;
      ASSERT_TRUE(fill_random(std::span(bytes).first(size)));
      EXPECT_TRUE(into.insert(to_hex(std::span(bytes).first(16))).second);
    }
  };
  std::thread other([&] { draw(drawn[1]); }), another([&] { draw(drawn[2]); });
  draw(drawn[0]);
  other.join();
  another.join();
  std::set<std::string> all;
  for (const auto& one : drawn) all.insert(one.begin(), one.end());
  EXPECT_EQ(all.size(), 900U);
}

// A thread's other objects may draw while it ends, behind the bytes that were drawn ahead for it.
TEST(Random, GivesNoZerosToWhoDrawsAtTheEndOfItsThread) {
  static std::array<std::byte, 16> drawn;
  struct Late {
    ~Late() { is_drawn = fill_random(drawn).has_value(); }
    bool& is_drawn;
  };
  drawn = {};
  bool is_drawn = false;
  std::thread ending([&is_drawn] {
    thread_local Late late{is_drawn};  // made before the thread's first draw, so it ends after what that draw makes
    (void)late;
    std::array<std::byte, 16> first{};
    EXPECT_TRUE(fill_random(first));
  });
  ending.join();
  EXPECT_TRUE(is_drawn);
  EXPECT_NE(drawn, (std::array<std::byte, 16>{}));
}

TEST(RandomPool, NeverGivesTheSameBytesTwice) {
  RandomPool pool;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    std::array<std::byte, 16> bytes{};
    ASSERT_TRUE(pool.fill(bytes));
    EXPECT_TRUE(seen.insert(to_hex(bytes)).second);
  }
}

TEST(RandomPool, ServesAnySize) {
  RandomPool pool;
  for (const std::size_t size : {0U, 1U, 500U, 511U, 512U, 513U, 5000U, 3U}) {
    std::vector<std::byte> bytes(size);
    EXPECT_TRUE(pool.fill(bytes));
  }
}

TEST(FreshValue, IsDrawnEachTime) {
  const auto one = fresh_value<SipKey>(), other = fresh_value<SipKey>();
  EXPECT_NE(one.k0, other.k0);
  EXPECT_NE(one.k1, other.k1);
  EXPECT_NE(one.k0, one.k1);
}

}  // namespace
}  // namespace claviger::crypto
