#include "broker/keys/extraction.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "broker/keys/kms_error.h"
#include "broker/keys/pre_issue.h"
#include "broker/keys/provision_procedure.h"
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

// RFC 9110 clause 10.2.3: the crowd is told to come back as fast as keys are made, those who came first before the others.
TEST(Extraction, WhoIsRefusedIsToldWhenThereIsRoom) {
  KmsBed bed;
  std::promise<void> has_asked;
  const KeysWanted wanted = wanted_by(bed, 0);
  Order order;
  identity::Reply reply;
  bed.run_until([&, is_begun = false]() mutable {
    if (!is_begun) {
      is_begun = true;
      EXPECT_TRUE(bed.kms().pool().submit([ready = has_asked.get_future()] { ready.wait(); }));
      for (std::size_t i = 0; i < kExtractionQueueMax; ++i) {
        bed.shard().scope().spawn(wait_for_keys(&bed.kms().extraction(), wanted, bed.now(), &order));
      }
    }
    return true;
  });
  EXPECT_TRUE(bed.kms().extraction().is_full());
  const auto a_second = static_cast<int>(Pace::kAtFirst * bed.kms().pool().threads());
  for (int i = 0; i < 3; ++i) {
    reply = bed.post("keyprov");
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.header("retry-after"), "1");
  }
  // His is one place of the first second, however often he asked.
  for (int i = 1; i < a_second; ++i) {
    EXPECT_EQ(bed.kms().extraction().retry_after_seconds("sip:user" + std::to_string(i), bed.now()), 1) << i;
  }
  EXPECT_EQ(bed.kms().extraction().retry_after_seconds("sip:late", bed.now()), 2);
  has_asked.set_value();
  bed.run_until([&] { return order.size() == kExtractionQueueMax; });
  EXPECT_EQ(bed.post("keyprov").status, 200);
}

runtime::Task<void> provision_into(Kms* kms, broker::Context* context, std::vector<std::uint64_t>* periods) {
  ProvisionRequest request;
  request.user_uri = kAnn;
  request.caller.tenant = "alpha";
  request.caller.identities.emplace_back(kAnn);
  auto sets = co_await provision_keys(kms, context, std::move(request));
  EXPECT_TRUE(sets.has_value());
  for (const KeySet& set : *sets) periods->push_back(set.period);
}

runtime::Task<void> refused_into(Kms* kms, broker::Context* context, std::optional<Code>* code) {
  ProvisionRequest request;
  request.user_uri = kAnn;
  request.caller.tenant = "alpha";
  request.caller.identities.emplace_back(kAnn);
  auto sets = co_await provision_keys(kms, context, std::move(request));
  if (!sets) *code = sets.error().code;
}

// In the last part of a period the next one's keys come along, but not when others wait for theirs.
TEST(Extraction, WhatComesEarlyIsLeftWhenManyWait) {
  KmsBed bed;
  bed.kms().pre_issue().stop();  // it has a pool of its own, and would bring the next period's keys when the clock turns
  ASSERT_EQ(bed.post("keyprov").status, 200);
  const KeyPeriods times = bed.domains().active()->domain.periods;
  const std::uint64_t present = *times.number_at(bed.now());
  bed.clock().advance(Seconds(times.ends_at(present) - 3600 - bed.now()));
  Order order;
  std::vector<std::uint64_t> busy;
  std::promise<void> is_held, is_answered;
  // The bed's one thread, and not before it has done with what was asked for above.
  ASSERT_TRUE(bed.kms().pool().submit([&is_held, ready = is_answered.get_future()] {
    is_held.set_value();
    ready.wait();
  }));
  is_held.get_future().wait();
  std::vector<KeysWanted> wanted;
  for (int i = 0; i < static_cast<int>(Extraction::kBatchMax); ++i) wanted.push_back(wanted_by(bed, i));
  bed.run_until([&, is_begun = false]() mutable {
    if (!is_begun) {
      is_begun = true;
      for (KeysWanted& each : wanted) {
        bed.shard().scope().spawn(wait_for_keys(&bed.kms().extraction(), std::move(each), bed.now(), &order));
      }
      EXPECT_TRUE(bed.kms().extraction().is_busy());
      bed.shard().scope().spawn(provision_into(&bed.kms(), bed.context(), &busy));
    }
    return !busy.empty();
  });
  EXPECT_EQ(busy, std::vector<std::uint64_t>{present});
  is_answered.set_value();
  bed.run_until([&] { return order.size() == Extraction::kBatchMax; });
  EXPECT_FALSE(bed.kms().extraction().is_busy());
  std::vector<std::uint64_t> calm;
  bed.run_until([&, is_begun = false]() mutable {
    if (!std::exchange(is_begun, true)) bed.shard().scope().spawn(provision_into(&bed.kms(), bed.context(), &calm));
    return !calm.empty();
  });
  EXPECT_EQ(calm, (std::vector<std::uint64_t>{present + 1, present}));
}

// Both ways say the same; whose keys are there gets them.
TEST(Extraction, WhoCannotBeServedNowIsToldSoAtOnce) {
  KmsBed bed;
  Order order;
  std::promise<void> all_asked;
  std::vector<std::optional<http::Response>> hot;
  std::optional<Code> ordinary;
  const KeysWanted wanted = wanted_by(bed, 0);
  identity::Sent sent{http::Method::Post, std::string(kRootPath) + "keyprov", {}, {}};
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + bed.token());
  const http::PathValues values{"keyprov"};
  http::Request request = bed.request(sent);
  request.path_values = &values;
  const http::InlineHandler* handler = bed.inline_handler(http::Method::Post, sent.target);
  ASSERT_NE(handler, nullptr);
  bed.run_until([&, is_begun = false]() mutable {
    if (!std::exchange(is_begun, true)) {
      hot.push_back((*handler)(request));  // nobody waits: they are made on the ordinary way
      EXPECT_TRUE(bed.kms().pool().submit([ready = all_asked.get_future()] { ready.wait(); }));
      for (std::size_t i = 0; i < kExtractionQueueMax; ++i) {
        bed.shard().scope().spawn(wait_for_keys(&bed.kms().extraction(), wanted, bed.now(), &order));
      }
      hot.push_back((*handler)(request));
      bed.shard().scope().spawn(refused_into(&bed.kms(), bed.context(), &ordinary));
    }
    return ordinary.has_value();
  });
  EXPECT_EQ(ordinary, Code::Overload);
  ASSERT_EQ(hot.size(), 2U);
  EXPECT_FALSE(hot[0].has_value());
  ASSERT_TRUE(hot[1].has_value());
  const identity::Reply refused = identity::reply_of(*std::move(hot[1]));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(element_of(refused.body, "UserUri"), kAnn);
  EXPECT_EQ(element_of(refused.body, "ErrorCode"), std::to_string(kms_error_of(Code::Overload).code));
  all_asked.set_value();
  bed.run_until([&] { return order.size() == kExtractionQueueMax; });
  ASSERT_EQ(bed.post("keyprov").status, 200);
}

}  // namespace
}  // namespace claviger::keys
