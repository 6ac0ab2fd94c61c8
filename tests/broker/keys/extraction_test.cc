#include "broker/keys/extraction.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "tests/broker/keys/kms_bed.h"

namespace claviger::keys {
namespace {

// What comes back to the shard, in its order: 'k' for keys, 'm' for the other job of the pool.
using Order = std::string;

runtime::Task<void> wait_for_keys(Extraction* extraction, KeysWanted wanted, std::int64_t now, Order* order) {
  auto made = co_await extraction->make(std::move(wanted), now);
  *order += made ? 'k' : '?';
}

KeysWanted wanted_by(KmsBed& bed, int number) {
  const DomainRef domain = bed.domains().active();
  return {domain, *domain->domain.periods.number_at(bed.now()), "sip:user" + std::to_string(number) + "@alpha.example"};
}

// I_MESSAGEs are opened in the same pool (broker/registration/csk_opener.h): a storm of extractions, however long, takes one
// batch's time before each of them.
TEST(Extraction, GivesWayToWhatElseWaitsForThePool) {
  KmsBed bed;
  constexpr int kUsers = 3 * static_cast<int>(Extraction::kBatchMax);
  Order order;
  std::promise<void> all_wait;
  std::vector<KeysWanted> wanted;
  for (int i = 0; i < kUsers; ++i) wanted.push_back(wanted_by(bed, i));
  const std::int64_t now = bed.now();
  bed.run_until([&, is_begun = false]() mutable {
    if (!is_begun) {
      is_begun = true;
      // Nothing begins before all of them wait.
      EXPECT_TRUE(bed.kms().pool().submit([ready = all_wait.get_future()] { ready.wait(); }));
      for (KeysWanted& each : wanted) {
        bed.shard().scope().spawn(wait_for_keys(&bed.kms().extraction(), std::move(each), now, &order));
      }
      EXPECT_TRUE(
          bed.kms().pool().submit([&bed, &order] { bed.shard().mailbox().post_control([&order] { order += 'm'; }); }));
      all_wait.set_value();
    }
    return order.size() == kUsers + 1;
  });
  EXPECT_EQ(order, Order(Extraction::kBatchMax, 'k') + "m" + Order(2 * Extraction::kBatchMax, 'k'));
}

TEST(Extraction, MoreThanItsQueueAreRefusedAtOnce) {
  KmsBed bed;
  constexpr std::size_t kUsers = kExtractionQueueMax + 5;
  Order order;
  std::promise<void> all_asked;
  const KeysWanted wanted = wanted_by(bed, 0);
  const std::int64_t now = bed.now();
  bed.run_until([&, is_begun = false]() mutable {
    if (!is_begun) {
      is_begun = true;
      EXPECT_TRUE(bed.kms().pool().submit([ready = all_asked.get_future()] { ready.wait(); }));
      for (std::size_t i = 0; i < kUsers; ++i) {
        bed.shard().scope().spawn(wait_for_keys(&bed.kms().extraction(), wanted, now, &order));
      }
      EXPECT_EQ(order, "?????");
      all_asked.set_value();
    }
    return order.size() == kUsers;
  });
  EXPECT_EQ(order.substr(5), Order(kExtractionQueueMax, 'k'));
}

}  // namespace
}  // namespace claviger::keys
