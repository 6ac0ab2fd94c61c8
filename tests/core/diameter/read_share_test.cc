#include "core/diameter/read_share.h"

#include <gtest/gtest.h>

namespace claviger::diameter {
namespace {

TEST(DiameterReadShare, OneAloneHasItAll) {
  ReadShare share;
  for (int turn = 1; turn < 5; ++turn) {
    EXPECT_EQ(share.of_requests(Monotonic(Milliseconds(turn))), ReadShare::kRequests) << turn;
  }
}

TEST(DiameterReadShare, ManyHavePartsAsThereWereReadersInTheTurnBefore) {
  ReadShare share;
  const auto turn = [&](int number, std::size_t readers) {
    std::size_t last = 0;
    for (std::size_t i = 0; i < readers; ++i) last = share.of_requests(Monotonic(Milliseconds(number)));
    return last;
  };
  EXPECT_EQ(turn(1, 16), ReadShare::kRequests);
  EXPECT_EQ(turn(2, 16), ReadShare::kRequests / 16);
  EXPECT_EQ(turn(3, 1000), ReadShare::kRequests / 16);
  EXPECT_EQ(turn(4, 1), ReadShare::kRequestsMin);  // never nothing
  EXPECT_EQ(turn(5, 1), ReadShare::kRequests);     // and all again when the others are quiet
}

}  // namespace
}  // namespace claviger::diameter
