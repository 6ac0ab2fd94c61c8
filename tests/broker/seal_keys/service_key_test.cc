// Generations of VAL service keys: which one is given out, and what stays on disk.
#include "broker/seal_keys/service_key.h"

#include "broker/seal_keys/caller.h"
#include "broker/tables.h"
#include "tests/broker/seal_keys/testbed.h"

namespace claviger::seal_keys {
namespace {

class ServiceKeyTest : public ::testing::Test {
 protected:
  std::int64_t now() { return numeric_date(bed.shard().wall()); }
  Result<ServiceKeys> rotate(Seconds delay = Seconds{0}) {
    return bed.wait(rotate_service_key(bed.context(), SealBed::name("v2x"), {delay, kLifetimeDefault}));
  }
  Result<ServiceKeys> revoke(std::string kid = {}) {
    return bed.wait(revoke_service_key(bed.context(), SealBed::name("v2x"), std::move(kid)));
  }
  Result<ServiceKeys> find() { return bed.wait(find_service_keys(bed.context(), SealBed::name("v2x"))); }
  Result<ServiceKeys> provision(std::size_t size, std::int64_t not_before = 0, std::int64_t expires_at = 0) {
    BroughtKey brought;
    brought.key = SecretBytes(std::vector<std::byte>(size, std::byte{0x41}));
    brought.client_id = "vs1-client";
    brought.not_before = not_before;
    brought.expires_at = expires_at;
    return bed.wait(provision_service_key(bed.context(), SealBed::name("v2x"), std::move(brought)));
  }

  SealBed bed;
};

TEST_F(ServiceKeyTest, CreateMakesTheFirstAndOnlyTheFirst) {
  const ServiceKeys made = bed.create("v2x");
  ASSERT_EQ(made.generations.size(), 1U);
  EXPECT_EQ(made.generations[0].number, 1U);
  EXPECT_EQ(made.generations[0].kid.size(), 32U);
  EXPECT_EQ(made.generations[0].algorithm, "A256KW");
  EXPECT_EQ(made.generations[0].expires_at, now() + kLifetimeDefault.count());
  const auto again = bed.wait(create_service_key(bed.context(), SealBed::name("v2x"), kLifetimeDefault));
  EXPECT_TRUE(again.failed_with(Code::Duplicate));
}

TEST_F(ServiceKeyTest, TargetsHaveKeysOfTheirOwn) {
  const auto whole = bed.create("v2x");
  const auto user = bed.create("v2x", {TargetKind::User, "ann"});
  const auto ue = bed.create("v2x", {TargetKind::Ue, "ann"});
  const auto other = bed.create("mcx", {TargetKind::User, "ann"});
  std::set<std::string> kids;
  std::set<std::string> keys;
  for (const ServiceKeys* each : {&whole, &user, &ue, &other}) {
    kids.insert(each->generations[0].kid);
    const auto key = open_key(*bed.context(), {"alpha", each->service, each->target}, each->generations[0]);
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->size(), kKeyBytes);
    keys.emplace(as_text(key->reveal()));
  }
  EXPECT_EQ(kids.size(), 4U);
  EXPECT_EQ(keys.size(), 4U);
}

TEST_F(ServiceKeyTest, RotatingTakesTheOldOneOutAndErasesIt) {
  const std::string first = bed.current_kid(bed.create("v2x"));
  const auto rotated = rotate();
  ASSERT_TRUE(rotated.has_value());
  ASSERT_EQ(rotated->generations.size(), 2U);
  EXPECT_NE(bed.current_kid(*rotated), first);
  EXPECT_EQ(rotated->state_of(rotated->generations[0], now()), KeyState::Superseded);
  EXPECT_TRUE(rotated->generations[0].sealed_key.empty());
  EXPECT_TRUE(
      open_key(*bed.context(), SealBed::name("v2x"), rotated->generations[0]).failed_with(Code::ServiceKeyRevoked));
}

TEST_F(ServiceKeyTest, APreparedKeyTakesOverWhenItsTimeComes) {
  const std::string first = bed.current_kid(bed.create("v2x"));
  const auto prepared = rotate(Seconds{3600});
  ASSERT_TRUE(prepared.has_value());
  const std::string second = prepared->next_at(now())->kid;
  EXPECT_EQ(bed.current_kid(*prepared), first);
  EXPECT_TRUE(rotate(Seconds{60}).failed_with(Code::Duplicate));
  bed.clock().advance(Seconds{3599});
  EXPECT_EQ(bed.current_kid(*find()), first);
  bed.clock().advance(Seconds{1});
  EXPECT_EQ(bed.current_kid(*find()), second);
  EXPECT_EQ(find()->next_at(now()), nullptr);
}

TEST_F(ServiceKeyTest, RotatingWithoutDelayTakesThePreparedKey) {
  bed.create("v2x");
  const std::string second = rotate(Seconds{3600})->next_at(now())->kid;
  const auto rotated = rotate();
  EXPECT_EQ(bed.current_kid(*rotated), second);
  EXPECT_EQ(rotated->generations.size(), 2U);
}

TEST_F(ServiceKeyTest, RevokingTheCurrentOneNeverBringsAnOlderOneBack) {
  bed.create("v2x");
  ASSERT_TRUE(rotate().has_value());
  const auto revoked = revoke();
  ASSERT_TRUE(revoked.has_value());
  EXPECT_EQ(revoked->current_at(now()), nullptr);
  EXPECT_EQ(revoked->state_of(revoked->generations[1], now()), KeyState::Revoked);
  EXPECT_TRUE(revoked->generations[1].sealed_key.empty());
  EXPECT_TRUE(revoke().failed_with(Code::ServiceKeyUnknown));
  const ServiceKeys again = bed.create("v2x");
  EXPECT_EQ(again.generations.back().number, 3U);
}

TEST_F(ServiceKeyTest, RevokingTheCurrentOnePromotesTheNext) {
  bed.create("v2x");
  const std::string second = rotate(Seconds{3600})->next_at(now())->kid;
  EXPECT_EQ(bed.current_kid(*revoke()), second);
}

TEST_F(ServiceKeyTest, RevokingTheNextLeavesTheCurrent) {
  const std::string first = bed.current_kid(bed.create("v2x"));
  const std::string second = rotate(Seconds{3600})->next_at(now())->kid;
  const auto revoked = revoke(second);
  EXPECT_EQ(bed.current_kid(*revoked), first);
  EXPECT_EQ(revoked->next_at(now()), nullptr);
  bed.clock().advance(Seconds{7200});
  EXPECT_EQ(bed.current_kid(*find()), first);  // what was revoked before its time never takes over
  EXPECT_TRUE(revoke("0123").failed_with(Code::ServiceKeyUnknown));
}

TEST_F(ServiceKeyTest, RevokingAllLeavesNone) {
  bed.create("v2x");
  ASSERT_TRUE(rotate(Seconds{3600}).has_value());
  const auto revoked = bed.wait(revoke_all_service_keys(bed.context(), SealBed::name("v2x")));
  ASSERT_TRUE(revoked.has_value());
  bed.clock().advance(Seconds{7200});
  EXPECT_EQ(find()->current_at(now()), nullptr);
  for (const Generation& generation : revoked->generations) EXPECT_TRUE(generation.sealed_key.empty());
  EXPECT_TRUE(
      bed.wait(revoke_all_service_keys(bed.context(), SealBed::name("mcx"))).failed_with(Code::ServiceKeyUnknown));
}

TEST_F(ServiceKeyTest, AnExpiredKeyIsNobodysCurrent) {
  bed.create("v2x");
  bed.clock().advance(kLifetimeDefault);
  EXPECT_EQ(find()->current_at(now()), nullptr);
  EXPECT_EQ(find()->state_of(find()->generations[0], now()), KeyState::Expired);
  EXPECT_EQ(bed.create("v2x").generations.size(), 2U);
}

TEST_F(ServiceKeyTest, OldGenerationsGoAtTheBound) {
  bed.create("v2x");
  for (std::size_t i = 0; i < kGenerationsMax + 3; ++i) ASSERT_TRUE(rotate().has_value());
  const auto keys = find();
  ASSERT_EQ(keys->generations.size(), kGenerationsMax);
  EXPECT_EQ(keys->generations.back().number, kGenerationsMax + 4);
  EXPECT_EQ(bed.current_kid(*keys), keys->generations.back().kid);
}

TEST_F(ServiceKeyTest, WhatAServerBringsBecomesCurrentOrNext) {
  const auto brought = provision(16);
  ASSERT_TRUE(brought.has_value());
  EXPECT_EQ(brought->current_at(now())->provisioned_by, "vs1-client");
  const auto ahead = provision(32, now() + 60);
  EXPECT_EQ(ahead->current_at(now())->number, 1U);
  EXPECT_EQ(ahead->next_at(now())->number, 2U);
  const auto other = provision(32, now() + 90);  // takes the place of the one that waited
  EXPECT_EQ(other->next_at(now())->number, 3U);
  EXPECT_EQ(other->state_of(other->generations[1], now()), KeyState::Revoked);
}

TEST_F(ServiceKeyTest, WhatAServerBringsIsBounded) {
  EXPECT_TRUE(provision(kKeyBytesMin - 1).failed_with(Code::BadValue));
  EXPECT_TRUE(provision(kKeyBytesMax + 1).failed_with(Code::BadValue));
  EXPECT_TRUE(provision(16, now() + kDelayMax.count() + 1).failed_with(Code::BadValue));
  EXPECT_TRUE(provision(16, 0, now()).failed_with(Code::BadValue));
  EXPECT_TRUE(provision(16, 0, now() + kLifetimeMax.count() + 1).failed_with(Code::BadValue));
}

TEST_F(ServiceKeyTest, NamesAndTimesAreBounded) {
  const auto create = [&](KeyName name, Seconds lifetime) {
    return bed.wait(create_service_key(bed.context(), std::move(name), lifetime));
  };
  EXPECT_TRUE(create(SealBed::name("a b"), kLifetimeDefault).failed_with(Code::BadValue));
  EXPECT_TRUE(create(SealBed::name(""), kLifetimeDefault).failed_with(Code::BadValue));
  EXPECT_TRUE(create(SealBed::name("v2x", {TargetKind::User, ""}), kLifetimeDefault).failed_with(Code::BadValue));
  EXPECT_TRUE(create(SealBed::name("v2x", {TargetKind::Service, "x"}), kLifetimeDefault).failed_with(Code::BadValue));
  EXPECT_TRUE(create(SealBed::name("v2x", {TargetKind::User, std::string("a\0b", 3)}), kLifetimeDefault)
                  .failed_with(Code::BadValue));
  EXPECT_TRUE(create(SealBed::name("v2x"), kLifetimeMin - Seconds{1}).failed_with(Code::BadValue));
  EXPECT_TRUE(create(SealBed::name("v2x"), kLifetimeMax + Seconds{1}).failed_with(Code::BadValue));
  EXPECT_TRUE(rotate().failed_with(Code::ServiceKeyUnknown));
  EXPECT_TRUE(rotate(kDelayMax + Seconds{1}).failed_with(Code::BadValue));
}

TEST_F(ServiceKeyTest, ASealedKeyOpensAtItsPlaceOnly) {
  const ServiceKeys whole = bed.create("v2x");
  const ServiceKeys user = bed.create("v2x", {TargetKind::User, "ann"});
  Generation moved = user.generations[0];
  moved.sealed_key = whole.generations[0].sealed_key;
  EXPECT_TRUE(open_key(*bed.context(), SealBed::name("v2x", user.target), moved).failed_with(Code::SealBroken));
}

TEST_F(ServiceKeyTest, NoKeyLiesInTheStoreInClear) {
  const ServiceKeys keys = bed.create("v2x");
  const auto key = open_key(*bed.context(), SealBed::name("v2x"), keys.generations[0]);
  const auto value = bed.wait(bed.store().get(broker::tables::kServiceKeys, service_keys_key("alpha", "v2x", {})));
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(as_text(value->bytes()).find(as_text(key->reveal())), std::string_view::npos);
}

TEST_F(ServiceKeyTest, RecordsReadAsTheyWereWritten) {
  bed.create("v2x");
  const auto rotated = rotate(Seconds{60});
  const auto read = find();
  ASSERT_EQ(read->generations.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read->generations[i].kid, rotated->generations[i].kid);
    EXPECT_EQ(read->generations[i].sealed_key, rotated->generations[i].sealed_key);
    EXPECT_EQ(read->generations[i].not_before, rotated->generations[i].not_before);
  }
  EXPECT_EQ(read->version, rotated->version);
}

TEST_F(ServiceKeyTest, ListsInPages) {
  bed.create("mcx");
  bed.create("v2x");
  bed.create("v2x", {TargetKind::User, "ann"});
  bed.create("v2x", {TargetKind::Ue, "ue-7"});
  std::vector<std::string> seen;
  std::string after;
  do {
    const auto page = bed.wait(list_service_keys(bed.context(), "alpha", "", after, 2));
    ASSERT_TRUE(page.has_value());
    for (const ServiceKeys& keys : page->keys) seen.push_back(keys.service + "/" + keys.target.id);
    after = page->next;
  } while (!after.empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"mcx/", "v2x/", "v2x/ue-7", "v2x/ann"}));
  EXPECT_EQ(bed.wait(list_service_keys(bed.context(), "alpha", "v2x", "", 10))->keys.size(), 3U);
  EXPECT_TRUE(bed.wait(list_service_keys(bed.context(), "alpha", "", "!", 2)).failed_with(Code::BadValue));
  EXPECT_TRUE(bed.wait(list_service_keys(bed.context(), "alph", "", "", 2))->keys.empty());
}

// RFC 8141 clause 3.1: a token says a VAL UE's URN in one writing, its key may have been set in another.
TEST(CallerOfKeys, IsAUeInWhateverWriting) {
  Caller caller;
  caller.is_user = true;
  caller.services = {"v2x"};
  caller.val_ue_id = "urn:uuid:2f";
  EXPECT_TRUE(check_may_read(caller, "v2x", {TargetKind::Ue, "URN:uuid:2F"}));
  EXPECT_FALSE(check_may_read(caller, "v2x", {TargetKind::Ue, "urn:uuid:2e"}));
  EXPECT_FALSE(check_may_read(caller, "v2x", {TargetKind::User, "urn:uuid:2f"}));
  caller.val_user_id = "urn:uuid:2f";
  EXPECT_FALSE(check_may_read(caller, "v2x", {TargetKind::User, "urn:uuid:2F"})) << "a user's ID is to the letter";
}

}  // namespace
}  // namespace claviger::seal_keys
