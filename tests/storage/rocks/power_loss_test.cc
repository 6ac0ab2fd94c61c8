// Power loss: what was acknowledged is there, what was not is there as a whole or not at all, the books balance.
#include "tests/storage/rocks/faulty_rocks.h"

namespace claviger::storage {
namespace {

class PowerLoss : public FaultyRocks {};

TEST_F(PowerLoss, TheBooksBalance) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (std::uint64_t round = 1; round <= CLAVIGER_ROUNDS; ++round) {
    start_clerks(16, round);
    wait_for_more(random_() % 1500);
    lose_power();
    ASSERT_EQ(audit_now(), "") << "round " << round;
  }
}

}  // namespace
}  // namespace claviger::storage
