#include "core/sip/connection_slots.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/sip/limits.h"

namespace claviger::sip {
namespace {

using Kind = ConnectionSlots::Kind;

struct SipConnectionSlots : testing::Test {
  std::shared_ptr<ConnectionSlots> slots = std::make_shared<ConnectionSlots>(SipKey{1, 2});
  std::vector<ConnectionSlots::Slot> taken;

  static net::Address host(std::uint32_t number) {
    return *net::Address::ip("10.0." + std::to_string(number / 250) + "." + std::to_string(number % 250), 5060);
  }
  bool take(Kind kind, std::uint32_t number) {
    auto slot = slots->take(kind, host(number));
    if (slot) taken.push_back(*std::move(slot));
    return slot.has_value();
  }
  std::size_t take_all(Kind kind, std::uint32_t number) {
    std::size_t count = 0;
    while (take(kind, number)) ++count;
    return count;
  }
};

TEST_F(SipConnectionSlots, StrangersAreFewAndTakeNobodysPlace) {
  EXPECT_EQ(take_all(Kind::Stranger, 1), kStrangersOfSourceMax);
  EXPECT_TRUE(take(Kind::Stranger, 2));
  for (std::uint32_t number = 3; number < 200; ++number) static_cast<void>(take_all(Kind::Stranger, number));
  EXPECT_EQ(slots->used(Kind::Stranger), kStrangersMax);
  EXPECT_EQ(take_all(Kind::Trusted, 200), kConnectionsOfSourceMax);
  EXPECT_EQ(take_all(Kind::Trusted, 201), kConnectionsMax - kConnectionsReserved - kConnectionsOfSourceMax);
  EXPECT_EQ(take_all(Kind::Outgoing, 202), kConnectionsReserved);
  EXPECT_FALSE(take(Kind::Trusted, 203));
}

TEST_F(SipConnectionSlots, OurOwnLeaveSomeToTheCores) {
  EXPECT_EQ(take_all(Kind::Outgoing, 1), kConnectionsMax - kConnectionsReserved);
  EXPECT_EQ(take_all(Kind::Trusted, 2), kConnectionsReserved);
}

TEST_F(SipConnectionSlots, AStrangerThatIsTrustedMakesRoomForAnother) {
  EXPECT_EQ(take_all(Kind::Stranger, 1), kStrangersOfSourceMax);
  EXPECT_TRUE(taken.front().is_strangers());
  EXPECT_TRUE(taken.front().trust());
  EXPECT_FALSE(taken.front().is_strangers());
  EXPECT_EQ(slots->used(Kind::Trusted), 1U);
  EXPECT_TRUE(take(Kind::Stranger, 1));
  EXPECT_FALSE(take(Kind::Stranger, 1));
  taken.clear();
  EXPECT_EQ(slots->used(), 0U);
  // There is no room for more of its source.
  EXPECT_EQ(take_all(Kind::Trusted, 1), kConnectionsOfSourceMax);
  ASSERT_TRUE(take(Kind::Stranger, 1));
  EXPECT_FALSE(taken.back().trust());
  EXPECT_TRUE(taken.back().is_strangers());
  taken.clear();
  EXPECT_EQ(slots->used(), 0U);
  EXPECT_EQ(take_all(Kind::Stranger, 1), kStrangersOfSourceMax);
}

}  // namespace
}  // namespace claviger::sip
