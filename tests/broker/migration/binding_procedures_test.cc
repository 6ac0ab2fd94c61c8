#include "broker/public_identity_rows.h"
#include "broker/tables.h"
#include "tests/broker/migration/testbed.h"

namespace claviger::migration {
namespace {

TEST(Bindings, AreMadeOnceAndFoundAgain) {
  MigrationBed bed;
  const auto made = bed.put(good_binding());
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(made->is_new);
  EXPECT_GT(made->binding.version, 0U);
  // What is there already is not written again.
  const auto again = bed.put(good_binding());
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->binding.version, made->binding.version);
  const auto found = bed.wait(bed.migration.find_binding(inbound_key("alpha", "v1@visitors.here.example")));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ((*found)->primary_impi, "u1@home.example");
  EXPECT_TRUE(bed.wait(bed.migration.find_binding(inbound_key("alpha", "x@visitors.here.example")))
                  .failed_with(Code::BindingUnknown));
}

TEST(Bindings, AnIdentityBelongsToOneBinding) {
  MigrationBed bed;
  ASSERT_TRUE(bed.put(good_binding("1")).has_value());
  Binding same_public = good_binding("2");
  same_public.partner_impus = good_binding("1").partner_impus;
  EXPECT_TRUE(bed.put(same_public).failed_with(Code::BindingTaken));
  Binding same_primary = good_binding("2");
  same_primary.primary_impi = good_binding("1").primary_impi;
  EXPECT_TRUE(bed.put(same_primary).failed_with(Code::BindingTaken));
  // In one batch, too; the others of it are not disturbed.
  std::vector<BindingDraft> drafts;
  drafts.push_back({good_binding("3"), std::nullopt});
  Binding third = good_binding("4");
  third.primary_impi = good_binding("3").primary_impi;
  drafts.push_back({third, std::nullopt});
  drafts.push_back({good_binding("5"), std::nullopt});
  const auto results = bed.wait(put_bindings(&bed.migration, "alpha", std::move(drafts)));
  ASSERT_TRUE(results.has_value());
  EXPECT_TRUE((*results)[0].has_value());
  EXPECT_TRUE((*results)[1].failed_with(Code::BindingTaken));
  EXPECT_TRUE((*results)[2].has_value());
}

TEST(Bindings, ReleasedIdentitiesAreFreeAgain) {
  MigrationBed bed;
  Binding one = good_binding("1");
  one.partner_impus.push_back("tel:+491");
  ASSERT_TRUE(bed.put(one).has_value());
  ASSERT_TRUE(bed.put(good_binding("1")).has_value());
  Binding other = good_binding("2");
  other.partner_impus.push_back("tel:+491");
  EXPECT_TRUE(bed.put(other).has_value());
}

// A partner takes no number that nobody has yet, but such as it was agreed upon.
TEST(Bindings, OthersNamesAndNumbersAreNotForThePartner) {
  MigrationBed bed;
  Binding before = good_binding("1");
  before.partner_impus.emplace_back("tel:+4989123");
  ASSERT_TRUE(bed.put(before).has_value());
  bed.change([](Agreement& one) { one.identities = {"sip:v", "tel:+4930"}; });
  const auto put_by_other = [&](const std::string& number, const std::string& impu) {
    Binding binding = good_binding(number);
    binding.partner_impus.push_back(impu);
    return bed.wait(put_binding(&bed.migration, "alpha", {std::move(binding), std::nullopt, true}));
  };
  EXPECT_TRUE(put_by_other("2", "tel:+4989124").failed_with(Code::BindingInvalid));
  EXPECT_TRUE(put_by_other("2", "sip:chief@visitors.here.example").failed_with(Code::BindingInvalid));
  EXPECT_TRUE(put_by_other("2", "tel:+4930124").has_value());
  // Refused is not taken.
  bed.change([](Agreement& one) { one.identities.clear(); });
  EXPECT_TRUE(put_by_other("3", "tel:+4989124").has_value());
  bed.change([](Agreement& one) { one.identities = {"sip:v", "tel:+4930"}; });
  // Who has one already may still be changed, and renewed.
  before.not_after = 4'000'000'000;
  EXPECT_TRUE(bed.put(before).has_value());
  EXPECT_FALSE(put_by_other("1", "tel:+4989125").has_value());
  EXPECT_TRUE(bed.wait(add_to_pool(&bed.migration, "alpha", "mc.home.example",
                                   {{"p9@visitors.here.example", {"tel:+4989126"}}}))
                  .failed_with(Code::BindingInvalid));
}

TEST(Bindings, VersionsAreCompared) {
  MigrationBed bed;
  EXPECT_TRUE(bed.put(good_binding(), 5).failed_with(Code::BindingVersion));
  const auto made = bed.put(good_binding(), 0);
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(bed.put(good_binding(), 0).failed_with(Code::BindingVersion));
  Binding changed = good_binding();
  changed.not_after = 4'000'000'000;
  EXPECT_TRUE(bed.put(changed, made->binding.version).has_value());
  EXPECT_TRUE(bed.put(changed, made->binding.version).failed_with(Code::BindingVersion));
}

TEST(Bindings, ARevokedOneComesBackOnlyByItsVersion) {
  MigrationBed bed;
  ASSERT_TRUE(bed.put(good_binding()).has_value());
  const std::string key = inbound_key("alpha", good_binding().partner_impi);
  const auto revoked = bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Revoked, {}, {}}));
  ASSERT_TRUE(revoked.has_value());
  EXPECT_TRUE(bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Active, {}, {}}))
                  .failed_with(Code::BindingInactive));
  EXPECT_TRUE(bed.put(good_binding()).failed_with(Code::BindingInactive));
  EXPECT_TRUE(bed.put(good_binding(), revoked->version).has_value());
}

TEST(Bindings, WhatWeSuspendedIsNotTheOtherSystemsToLift) {
  MigrationBed bed;
  const std::string key = inbound_key("alpha", good_binding().partner_impi);
  const auto put_by_other = [&](Binding binding, IfVersion if_version = std::nullopt) {
    return bed.wait(put_binding(&bed.migration, "alpha", {std::move(binding), if_version, true}));
  };
  const auto state = [&] { return (*bed.wait(bed.migration.find_binding(key)))->state; };
  ASSERT_TRUE(put_by_other(good_binding()).has_value());
  const auto ours = bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Suspended, {}, {}}));
  ASSERT_TRUE(ours.has_value());
  EXPECT_TRUE(put_by_other(good_binding()).failed_with(Code::BindingInactive));
  EXPECT_TRUE(put_by_other(good_binding(), ours->version).failed_with(Code::BindingInactive));
  Binding same = good_binding();
  same.state = BindingState::Suspended;
  EXPECT_TRUE(put_by_other(same).has_value());
  // Saying it again does not make it the other's.
  EXPECT_TRUE(put_by_other(good_binding()).failed_with(Code::BindingInactive));
  // Nor is the user set free for another binding.
  Binding away = same;
  away.primary_impi = "elsewhere@home.example";
  EXPECT_TRUE(put_by_other(away).failed_with(Code::BindingInactive));
  EXPECT_EQ(state(), BindingState::Suspended);
  EXPECT_TRUE(bed.put(good_binding()).has_value());
  EXPECT_EQ(state(), BindingState::Active);
}

TEST(Bindings, TheOtherSystemLiftsItsOwnSuspension) {
  MigrationBed bed;
  const std::string key = inbound_key("alpha", good_binding().partner_impi);
  const auto put_by_other = [&](BindingState state) {
    Binding binding = good_binding();
    binding.state = state;
    return bed.wait(put_binding(&bed.migration, "alpha", {std::move(binding), std::nullopt, true}));
  };
  ASSERT_TRUE(put_by_other(BindingState::Active).has_value());
  ASSERT_TRUE(put_by_other(BindingState::Suspended).has_value());
  EXPECT_TRUE(put_by_other(BindingState::Suspended).has_value());
  EXPECT_TRUE(put_by_other(BindingState::Active).has_value());
  // Which becomes ours when we suspend him, too.
  ASSERT_TRUE(put_by_other(BindingState::Suspended).has_value());
  ASSERT_TRUE(bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Suspended, {}, {}})).has_value());
  EXPECT_TRUE(put_by_other(BindingState::Active).failed_with(Code::BindingInactive));
  // Ending it is everybody's.
  EXPECT_TRUE(put_by_other(BindingState::Revoked).has_value());
  EXPECT_EQ((*bed.wait(bed.migration.find_binding(key)))->state, BindingState::Revoked);
}

TEST(Bindings, TheOtherSystemRevivesNothing) {
  MigrationBed bed;
  const std::string key = inbound_key("alpha", good_binding().partner_impi);
  for (const char* system : {"", "mc.home.example"}) {
    const auto present = bed.wait(bed.migration.find_binding(key));
    ASSERT_TRUE(bed.put(good_binding(), present ? IfVersion((*present)->version) : std::nullopt).has_value());
    const auto revoked = bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Revoked, {}, system}));
    ASSERT_TRUE(revoked.has_value());
    EXPECT_TRUE(bed.wait(put_binding(&bed.migration, "alpha", {good_binding(), revoked->version, true}))
                    .failed_with(Code::BindingInactive));
  }
}

TEST(Bindings, WhatASubscriberIsCalledNoVisitorIs) {
  MigrationBed bed;
  const std::string number = "tel:+491701";
  storage::Transaction change;
  const std::string key = broker::subscribers_identity_key("alpha", number);
  change.put(broker::tables::kPublicIdentities, key, as_bytes(std::string_view("ann@ims.here.example")));
  ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(change))).has_value());
  Binding binding = good_binding();
  binding.partner_impus.push_back(number);
  EXPECT_TRUE(bed.put(binding).failed_with(Code::BindingTaken));
  binding.partner_impus.back() = "tel:+491702";
  EXPECT_TRUE(bed.put(binding).has_value());
  // By a change, too.
  binding.partner_impus.push_back(number);
  EXPECT_TRUE(bed.put(binding).failed_with(Code::BindingTaken));
}

TEST(Bindings, AChangeIsKnownAtOnce) {
  MigrationBed bed;
  ASSERT_TRUE(bed.put(good_binding()).has_value());
  const std::string key = inbound_key("alpha", good_binding().partner_impi);
  ASSERT_TRUE(bed.wait(bed.migration.find_binding(key)).has_value());
  ASSERT_TRUE(bed.is_cached(key));
  ASSERT_TRUE(bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Suspended, {}, {}})).has_value());
  EXPECT_FALSE(bed.is_cached(key));
  EXPECT_TRUE(bed.wait(set_binding_state(&bed.migration, "alpha", {key, BindingState::Active, {}, "mc.other.example"}))
                  .failed_with(Code::BindingUnknown));
}

TEST(Bindings, TheAgreementSetsTheirNumber) {
  MigrationBed bed;
  bed.change([](Agreement& one) { one.bindings_max = 1; });
  ASSERT_TRUE(bed.put(good_binding("1")).has_value());
  EXPECT_TRUE(bed.put(good_binding("2")).failed_with(Code::MigrationQuota));
  EXPECT_TRUE(bed.put(good_binding("1")).has_value());
}

TEST(Bindings, NeedAnAgreementInForce) {
  MigrationBed bed;
  Binding other = good_binding();
  other.system = "mc.nobody.example";
  EXPECT_TRUE(bed.put(other).failed_with(Code::AgreementUnknown));
  bed.change([](Agreement& one) { one.is_active = false; });
  EXPECT_TRUE(bed.put(good_binding()).failed_with(Code::AgreementEnded));
}

TEST(Bindings, PoolsGiveEachIdentityOnce) {
  MigrationBed bed;
  Binding wanted = good_binding();
  wanted.mode = Mode::Dynamic;
  EXPECT_TRUE(bed.wait(allocate_binding(&bed.migration, "alpha", wanted)).failed_with(Code::IdentitiesExhausted));
  const auto added = bed.wait(add_to_pool(&bed.migration, "alpha", "mc.home.example",
                                          {{"p1@visitors.here.example", {"sip:p1@visitors.here.example", "tel:+1"}}}));
  ASSERT_TRUE(added.has_value());
  EXPECT_EQ(*added, 1U);
  EXPECT_EQ(*bed.wait(pool_size(bed.context(), "alpha", "mc.home.example")), 1U);
  const auto given = bed.wait(allocate_binding(&bed.migration, "alpha", wanted));
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->binding.partner_impi, "p1@visitors.here.example");
  EXPECT_EQ(given->binding.partner_impus.size(), 2U);
  // The same user again gets the same, another one nothing.
  wanted.grant = "new";
  const auto again = bed.wait(allocate_binding(&bed.migration, "alpha", wanted));
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->binding.partner_impi, given->binding.partner_impi);
  EXPECT_EQ(again->binding.grant, "new");
  Binding second = wanted;
  second.primary_impi = "u2@home.example";
  EXPECT_TRUE(bed.wait(allocate_binding(&bed.migration, "alpha", second)).failed_with(Code::IdentitiesExhausted));
  // What has a binding does not come back into the pool.
  const auto back =
      bed.wait(add_to_pool(&bed.migration, "alpha", "mc.home.example", {{"p1@visitors.here.example", {"tel:+1"}}}));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back, 0U);
  EXPECT_TRUE(bed.wait(add_to_pool(&bed.migration, "alpha", "mc.home.example", {{"p1@home.example", {"tel:+1"}}}))
                  .failed_with(Code::BindingInvalid));
}

// What lies in the pool and is not agreed upon any more keeps nobody from what is.
TEST(Bindings, PoolsGiveWhatTheAgreementNames) {
  MigrationBed bed;
  ASSERT_TRUE(bed.wait(add_to_pool(&bed.migration, "alpha", "mc.home.example",
                                   {{"a1@visitors.here.example", {"sip:chief@visitors.here.example"}},
                                    {"a2@visitors.here.example", {"sip:v2@visitors.here.example", "tel:+4989"}},
                                    {"a3@visitors.here.example", {"sip:v3@visitors.here.example", "tel:+4930"}}})));
  bed.change([](Agreement& one) { one.identities = {"sip:v", "tel:+4930"}; });
  Binding wanted = good_binding();
  wanted.mode = Mode::Dynamic;
  const auto given = bed.wait(allocate_binding(&bed.migration, "alpha", wanted));
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->binding.partner_impi, "a3@visitors.here.example");
  EXPECT_EQ(*bed.wait(pool_size(bed.context(), "alpha", "mc.home.example")), 2U);
  wanted.primary_impi = "u2@home.example";
  EXPECT_TRUE(bed.wait(allocate_binding(&bed.migration, "alpha", wanted)).failed_with(Code::IdentitiesExhausted));
  bed.change([](Agreement& one) { one.identities.clear(); });
  const auto later = bed.wait(allocate_binding(&bed.migration, "alpha", wanted));
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->binding.partner_impi, "a1@visitors.here.example");
}

TEST(Bindings, AreListedByDirection) {
  MigrationBed bed;
  for (const char* number : {"1", "2", "3"}) ASSERT_TRUE(bed.put(good_binding(number)).has_value());
  ASSERT_TRUE(bed.put(good_outbound()).has_value());
  const auto first = bed.wait(list_bindings(bed.context(), "alpha", Direction::Inbound, "", "", 2));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->bindings.size(), 2U);
  const auto rest = bed.wait(list_bindings(bed.context(), "alpha", Direction::Inbound, "", first->next, 2));
  ASSERT_TRUE(rest.has_value());
  EXPECT_EQ(rest->bindings.size(), 1U);
  const auto away = bed.wait(list_bindings(bed.context(), "alpha", Direction::Outbound, "mc.home.example", "", 10));
  ASSERT_TRUE(away.has_value());
  ASSERT_EQ(away->bindings.size(), 1U);
  EXPECT_EQ(away->bindings[0].sub, "sub1");
  EXPECT_TRUE(bed.wait(find_users_binding(bed.context(), "alpha", "mc.home.example", "sub1")).has_value());
  EXPECT_TRUE(bed.wait(find_users_binding(bed.context(), "alpha", "mc.home.example", "sub2"))
                  .failed_with(Code::BindingUnknown));
}

TEST(Agreements, WhatIsOneAgreementsIsNoOthers) {
  MigrationBed bed;
  Agreement other = good_agreement();
  EXPECT_TRUE(bed.wait(add_agreement(&bed.migration, "alpha", {other, {}})).failed_with(Code::AgreementTaken));
  other.system = "mc.third.example";
  EXPECT_TRUE(bed.wait(add_agreement(&bed.migration, "alpha", {other, {}})).failed_with(Code::AgreementTaken));
  other.caller = "mms-third";
  other.partner = "third";
  EXPECT_TRUE(bed.wait(add_agreement(&bed.migration, "alpha", {other, {}})).failed_with(Code::AgreementTaken));
  other.ranges = {"third.here.example"};
  EXPECT_TRUE(bed.wait(add_agreement(&bed.migration, "alpha", {other, {}})).has_value());
  EXPECT_TRUE(bed.wait(add_agreement(&bed.migration, "nobody", {other, {}})).failed_with(Code::NotFound));
  EXPECT_TRUE(bed.wait(change_agreement(&bed.migration, "alpha", {other, {}}, 1)).failed_with(Code::Conflict));
  EXPECT_TRUE(bed.wait(remove_agreement(&bed.migration, "alpha", "mc.third.example")).has_value());
  EXPECT_TRUE(
      bed.wait(remove_agreement(&bed.migration, "alpha", "mc.third.example")).failed_with(Code::AgreementUnknown));
}

}  // namespace
}  // namespace claviger::migration
