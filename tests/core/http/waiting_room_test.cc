#include "core/http/waiting_room.h"

#include <gtest/gtest.h>

#include <array>

namespace claviger::http {
namespace {

using namespace std::chrono_literals;

struct Rooms : testing::Test {
  // What happened to a newcomer: 'r'efused, 'd'isplaces another, 'e'nters a free place.
  char come(WaitingRoom& room, WaitingRoom::Guest& guest, std::size_t source) {
    const auto verdict = room.judge(source, now);
    if (verdict.is_refused) return 'r';
    if (verdict.leaves != nullptr) WaitingRoom::leave(*verdict.leaves);
    room.enter(guest, source, now);
    return verdict.leaves != nullptr ? 'd' : 'e';
  }
  std::array<WaitingRoom::Guest, 8> guests;
  Monotonic now{};
};

TEST_F(Rooms, AFullOneTakesANewcomerForItsOldest) {
  WaitingRoom room(3, 0);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(come(room, guests[i], i), 'e');
  EXPECT_EQ(come(room, guests[3], 3), 'd');
  EXPECT_EQ(guests[0].room, nullptr);
  EXPECT_EQ(room.count(), 3U);
  WaitingRoom::leave(guests[1]);
  WaitingRoom::leave(guests[1]);  // twice is once
  EXPECT_EQ(come(room, guests[4], 4), 'e');
  EXPECT_EQ(come(room, guests[5], 5), 'd');
  EXPECT_EQ(guests[2].room, nullptr);
}

TEST_F(Rooms, ASourceBeyondItsSharePaysItself) {
  WaitingRoom room(6, 2);
  EXPECT_EQ(come(room, guests[0], 7), 'e');
  EXPECT_EQ(come(room, guests[1], 1), 'e');
  EXPECT_EQ(come(room, guests[2], 1), 'e');
  now += WaitingRoom::kStalled;
  EXPECT_EQ(come(room, guests[3], 1), 'd');
  EXPECT_NE(guests[0].room, nullptr);
  EXPECT_EQ(guests[1].room, nullptr);
}

TEST_F(Rooms, ACrowdBehindOneGatewayHasTheFreePlaces) {
  WaitingRoom room(6, 2);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(come(room, guests[i], 1), 'e');
  EXPECT_EQ(come(room, guests[6], 1), 'r');  // as long as none of them is stalled
  EXPECT_EQ(come(room, guests[6], 2), 'd');  // another source has its share
  EXPECT_EQ(guests[0].room, nullptr);
  now += WaitingRoom::kStalled;
  EXPECT_EQ(come(room, guests[7], 1), 'd');
  EXPECT_NE(guests[6].room, nullptr);
}

TEST_F(Rooms, SourcesOfOneBucketShare) {
  WaitingRoom room(6, 1);
  EXPECT_EQ(come(room, guests[0], 1), 'e');
  now += WaitingRoom::kStalled;
  EXPECT_EQ(come(room, guests[1], 1 + WaitingRoom::kBuckets), 'd');
}

}  // namespace
}  // namespace claviger::http
