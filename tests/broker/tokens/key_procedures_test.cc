// Rotation by schedule, by hand and in an emergency; what verifiers with an old key set see of it.
#include <gtest/gtest.h>

#include <set>

#include "broker/record_key.h"
#include "broker/tokens/revocation_records.h"
#include "broker/tokens/revocations.h"
#include "tests/broker/tokens/key_bed.h"

namespace claviger::tokens {
namespace {

constexpr Seconds kDay{24 * 3600};

TEST(KeyRotation, FollowsTheScheduleAndPublishesAhead) {
  KeyBed bed;
  KeySchedule schedule(*bed.context());
  const std::string first = bed.kid_of(KeyState::Active);
  const std::string second = bed.kid_of(KeyState::Next);
  EXPECT_TRUE(bed.publishes(first) && bed.publishes(second));
  const auto at = rotates_at(*bed.view().keys, bed.context()->snapshot->settings->key_rotation);
  ASSERT_TRUE(at);
  EXPECT_EQ(*at, numeric_date(bed.shard().wall()) + 90 * kDay.count());
  bed.forward(90 * kDay - Seconds{1});
  bed.look(schedule);
  EXPECT_EQ(bed.kid_of(KeyState::Active), first);

  const auto old_token = bed.token();
  ASSERT_TRUE(old_token);
  bed.forward(Seconds{1});
  bed.look(schedule);
  EXPECT_EQ(bed.kid_of(KeyState::Active), second);
  EXPECT_EQ(bed.kid_of(KeyState::Retiring), first);
  const std::string third = bed.kid_of(KeyState::Next);
  EXPECT_FALSE(third.empty());
  EXPECT_EQ(bed.verdict(*old_token), std::nullopt);  // the overlap
  bed.look(schedule);
  EXPECT_EQ(bed.kid_of(KeyState::Active), second);

  // What was signed is over; nobody publishes the key any longer.
  bed.forward(kRetiringMax - Seconds{1});
  bed.look(schedule);
  EXPECT_TRUE(bed.publishes(first));
  bed.forward(Seconds{1});
  bed.look(schedule);
  EXPECT_FALSE(bed.publishes(first));
  EXPECT_TRUE(bed.publishes(second) && bed.publishes(third));
}

// Whoever polls the key set once in publish_ahead never meets a kid that he does not have.
TEST(KeyRotation, NoVerifierMeetsAnUnknownKey) {
  KeyBed bed;
  KeySchedule schedule(*bed.context());
  bed.settings().key_rotation.lifetime = 3 * kDay;
  const Seconds step{3 * 3600};
  std::string fetched = bed.view().keys->jwks;
  Seconds since{0};
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    bed.forward(step);
    bed.look(schedule);
    since += step;
    const std::string active = bed.kid_of(KeyState::Active);
    seen.insert(active);
    EXPECT_NE(fetched.find("\"kid\":\"" + active + "\""), std::string::npos) << "after " << i << " steps";
    if (since >= kDay) {
      fetched = bed.view().keys->jwks;
      since = Seconds{0};
    }
  }
  EXPECT_GE(seen.size(), 4U);
}

// A next key that is younger than publish_ahead waits, however old the active one is.
TEST(KeyRotation, ANextKeyIsPublishedForLongEnough) {
  KeyBed bed;
  KeySchedule schedule(*bed.context());
  bed.settings().key_rotation.lifetime = kDay;
  bed.forward(kDay);
  const std::string revoked = bed.kid_of(KeyState::Next);
  ASSERT_TRUE(bed.wait(revoke_key(bed.context(), "alpha", revoked)));
  const std::string fresh = bed.kid_of(KeyState::Next);
  EXPECT_NE(fresh, revoked);
  bed.look(schedule);
  EXPECT_NE(bed.kid_of(KeyState::Active), fresh);
  bed.forward(kDay);
  bed.look(schedule);
  EXPECT_EQ(bed.kid_of(KeyState::Active), fresh);
}

TEST(KeyRotation, NoneWithoutALifetime) {
  KeyBed bed;
  KeySchedule schedule(*bed.context());
  bed.settings().key_rotation.lifetime = Seconds{0};
  const std::string active = bed.kid_of(KeyState::Active);
  bed.forward(1000 * kDay);
  bed.look(schedule);
  EXPECT_EQ(bed.kid_of(KeyState::Active), active);
  EXPECT_EQ(rotates_at(*bed.view().keys, bed.context()->snapshot->settings->key_rotation), std::nullopt);
}

TEST(KeyRotation, AnEmergencyRefusesEveryTokenOfTheKeyAtOnce) {
  KeyBed bed;
  const std::string stolen = bed.kid_of(KeyState::Active);
  const std::string next = bed.kid_of(KeyState::Next);
  const auto old_set = bed.view().keys->verifying;
  const auto token = bed.token();
  ASSERT_TRUE(token);
  ASSERT_EQ(bed.verdict(*token), std::nullopt);
  const auto active = bed.wait(revoke_key(bed.context(), "alpha", std::string(kActiveKey)));
  ASSERT_TRUE(active);
  EXPECT_EQ(active->kid, next);
  EXPECT_FALSE(bed.publishes(stolen));
  EXPECT_TRUE(bed.verdict(*token).has_value());
  const auto fresh = bed.token();
  ASSERT_TRUE(fresh);
  EXPECT_EQ(bed.verdict(*fresh), std::nullopt);
  // An old key set does not bring it back.
  ASSERT_TRUE(bed.context()->tokens->verifier().set_keys(old_set));
  EXPECT_EQ(bed.verdict(*token), Code::TokenRevoked);
  // Asked again, by its name: nothing more happens.
  const auto again = bed.wait(revoke_key(bed.context(), "alpha", stolen));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kid, next);
  EXPECT_TRUE(bed.wait(revoke_key(bed.context(), "alpha", "no-such-key")).failed_with(Code::NotFound));
  EXPECT_TRUE(bed.wait(revoke_key(bed.context(), "nobody", "no-such-key")).failed_with(Code::NotFound));
  EXPECT_TRUE(bed.wait(rotate_keys(bed.context(), "nobody")).failed_with(Code::NotFound));
}

// Whoever comes up after a crash knows it before the first request.
TEST(KeyRotation, ARevokedKeyIsKnownAfterARestart) {
  KeyBed bed;
  const std::string stolen = bed.kid_of(KeyState::Active);
  const auto old_set = bed.view().keys->verifying;
  const auto token = bed.token();
  ASSERT_TRUE(token);
  ASSERT_TRUE(bed.wait(revoke_key(bed.context(), "alpha", stolen)));
  bed.forget_shard();
  ASSERT_TRUE(bed.wait(load_revocations(bed.context())));
  ASSERT_TRUE(bed.context()->tokens->verifier().set_keys(old_set));
  EXPECT_EQ(bed.verdict(*token), Code::TokenRevoked);
}

TEST(KeyRotation, ARotationByHandMakesTheNextOne) {
  KeyBed bed;
  const std::string next = bed.kid_of(KeyState::Next);
  const auto active = bed.wait(rotate_keys(bed.context(), "alpha"));
  ASSERT_TRUE(active);
  EXPECT_EQ(active->kid, next);
  EXPECT_EQ(active->state, KeyState::Active);
  EXPECT_EQ(bed.keys().size(), 3U);
}

TEST(KeyRotation, AMissingNextKeyIsMade) {
  KeyBed bed;
  KeySchedule schedule(*bed.context());
  const std::string next = bed.kid_of(KeyState::Next);
  storage::Transaction change;
  change.erase(broker::tables::kSigningKeys, broker::record_key({"alpha", next}));
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(change))));
  bed.publish();
  EXPECT_TRUE(lacks_next(*bed.view().keys));
  bed.look(schedule);
  EXPECT_FALSE(lacks_next(*bed.view().keys));
}

// 256 KiB each: with what the present snapshot has, never more than there may be. Issue 3.
TEST(KeyTables, AreBoundedOverAllTenantsOfOneLoad) {
  KeyBed bed;
  for (int i = 0; i < 4; ++i) bed.add("tenant-" + std::to_string(i));
  const auto tables = [&bed] {
    std::size_t count = 0;
    for (const auto& [name, view] : bed.context()->snapshot->tenants) {
      for (const TenantKey& key : view.keys->keys) count += key.verifying->has_table() ? 1U : 0U;
    }
    return count;
  };
  EXPECT_EQ(tables(), 10U);
  EXPECT_EQ(key_table_budget(*bed.context()).left, kKeyTablesMax - 10);
  KeyTableBudget budget{3};
  std::size_t built = 0;
  for (const std::string name : {"tenant-0", "tenant-1", "tenant-2", "tenant-3"}) {
    bed.forget_snapshot();
    auto loaded = bed.wait(load_tenant_keys(bed.context(), name, "https://" + name + ".example", &budget));
    ASSERT_TRUE(loaded);
    for (const TenantKey& key : (*loaded)->keys) built += key.verifying->has_table() ? 1U : 0U;
  }
  EXPECT_EQ(built, 3U);
  EXPECT_EQ(budget.left, 0U);
}

}  // namespace
}  // namespace claviger::tokens
