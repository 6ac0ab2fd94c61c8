// What a partner may ask for, how often and for how many.
#include "tests/broker/administration/acm_bed.h"

namespace claviger::administration {
namespace {

class QuotaBed : public AcmBed {
 public:
  void agree(std::uint64_t quota, bool is_manual = false) {
    AcmPartner partner = agreement();
    partner.quota = quota;
    partner.is_manual = is_manual;
    EXPECT_TRUE(wait(acm.put_partner("alpha", std::move(partner), nullptr)));
  }
  // Unknown: it was accepted.
  Code asked(const std::string& id, const std::vector<std::string>& names) {
    Setup setup;
    setup.home = kHome;
    setup.targets = {"here.example"};
    for (const std::string& name : names) setup.users.push_back(user(name));
    auto known = wait(acm.list_partners("alpha"));
    Asker asker;
    asker.who = kHome;
    asker.idempotency_key = id;
    asker.body_digest = std::string(64, '0');
    const auto accepted = wait(acm.accept("alpha", known->front(), asker, std::make_shared<const Setup>(setup)));
    return accepted ? Code::Internal : accepted.error().code;
  }
  void approve(const std::string& id) { EXPECT_TRUE(wait(acm.decide("alpha", kHome, id, true, "chief"))); }
};

// Accepted before anybody of the others was set up: the places are taken when somebody takes them.
TEST(AcmQuota, HoldsForRequestsThatWaitedTogether) {
  QuotaBed bed;
  bed.agree(2, true);
  ASSERT_EQ(bed.asked("request-1", {"ann", "bob"}), Code::Internal);
  ASSERT_EQ(bed.asked("request-2", {"carl", "dora"}), Code::Internal);
  bed.approve("request-1");
  ASSERT_EQ(bed.settled("request-1"), Stage::Done);
  bed.approve("request-2");
  ASSERT_EQ(bed.settled("request-2"), Stage::Done);
  EXPECT_EQ(bed.status("request-1", "bob"), "CREATED");
  EXPECT_EQ(bed.status("request-2", "carl"), "REJECTED");
  EXPECT_FALSE(bed.visitor("carl"));
  EXPECT_FALSE(bed.visitor("dora"));
}

TEST(AcmQuota, WhoIsHereTakesNoSecondPlaceAndLeavesHis) {
  QuotaBed bed;
  bed.agree(2);
  ASSERT_EQ(bed.ask("request-1", {QuotaBed::user("ann"), QuotaBed::user("bob")}), Stage::Done);
  ASSERT_EQ(bed.asked("request-2", {"ann", "bob"}), Code::Internal);
  ASSERT_EQ(bed.settled("request-2"), Stage::Done);
  EXPECT_EQ(bed.status("request-2", "ann"), "EXISTED");
  EXPECT_EQ(bed.asked("request-3", {"carl"}), Code::AcmQuota);
  EXPECT_EQ(bed.withdraw("request-2"), Stage::Withdrawn);
  EXPECT_EQ(bed.asked("request-4", {"carl"}), Code::AcmQuota) << "given back, not gone";
  EXPECT_EQ(bed.withdraw("request-1"), Stage::Withdrawn);
  EXPECT_EQ(bed.asked("request-5", {"carl", "dora"}), Code::Internal);
  EXPECT_EQ(bed.settled("request-5"), Stage::Done);
  EXPECT_EQ(bed.asked("request-6", {"eve"}), Code::AcmQuota);
}

// Who could not be set up holds no place.
TEST(AcmQuota, WhoFailsGivesHisPlaceBack) {
  QuotaBed bed;
  bed.agree(2);
  SetupUser stranger;
  stranger.mc_id = "sip:x@elsewhere.example";
  ASSERT_EQ(bed.ask("request-1", {QuotaBed::user("ann"), stranger}, true), Stage::Done);
  EXPECT_FALSE(bed.visitor("ann"));
  EXPECT_EQ(bed.asked("request-2", {"bob", "carl"}), Code::Internal);
}

// The home system sends one key until it is answered, however long that takes.
TEST(AcmKey, IsAnsweredForAfterTheJournalHasForgottenIt) {
  QuotaBed bed;
  ASSERT_EQ(bed.ask("request-1", {QuotaBed::user("ann")}), Stage::Done);
  bed.clock().advance(Seconds(kJournalKept + 1));
  bed.run_turns(4);
  EXPECT_EQ(bed.asked("request-1", {"ann"}), Code::Internal);
  EXPECT_EQ(bed.asked("request-1", {"bob"}), Code::IdempotencyKeyReused);
  EXPECT_EQ(bed.settled("request-1"), Stage::Done);
  EXPECT_TRUE(bed.visitor("ann"));
}

TEST(AcmQuota, SoManyRequestsMayWaitAndNoMore) {
  QuotaBed bed;
  bed.agree(100'000, true);
  for (std::size_t i = 0; i < kSetupsOpenMax; ++i) {
    ASSERT_EQ(bed.asked("request-" + std::to_string(i), {"ann"}), Code::Internal) << i;
  }
  EXPECT_EQ(bed.asked("one-too-many", {"ann"}), Code::AcmQuota);
  EXPECT_EQ(bed.asked("request-7", {"ann"}), Code::Internal) << "the same again is none more";
  ASSERT_TRUE(bed.wait(bed.acm.decide("alpha", kHome, "request-3", false, "chief")));
  EXPECT_EQ(bed.asked("one-too-many", {"ann"}), Code::Internal);
}

// Whoever approves finds what waits for him, however much has ended.
TEST(AcmList, WhatIsUnderWayComesFirstAndEverythingComesOnce) {
  QuotaBed bed;
  for (const char* id : {"request-1", "request-2", "request-3", "request-4"}) {
    ASSERT_EQ(bed.ask(id, {QuotaBed::user("ann")}), Stage::Done);
  }
  bed.agree(100, true);
  ASSERT_EQ(bed.asked("request-5", {"bob"}), Code::Internal);
  std::vector<std::string> ids;
  std::string after;
  do {
    const auto page = bed.wait(bed.acm.list_inbound("alpha", after, 2));
    ASSERT_TRUE(page);
    EXPECT_LE(page->views.size(), 2U);
    for (const auto& view : page->views) ids.push_back(view.setup.id);
    after = page->next;
  } while (!after.empty());
  EXPECT_EQ(ids, (std::vector<std::string>{"request-5", "request-1", "request-2", "request-3", "request-4"}));
  EXPECT_TRUE(bed.wait(bed.acm.list_inbound("alpha", "x", 2)).failed_with(Code::BadValue));
}

// A page holds so many users, not so many requests only: each may be of ten thousand.
TEST(AcmList, APageIsBoundedByItsUsers) {
  QuotaBed bed;
  bed.agree(100'000, true);
  std::vector<std::string> names(kUsersMax / 2);
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = "user" + std::to_string(i);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(bed.asked("request-" + std::to_string(i), names), Code::Internal);
  const auto page = bed.wait(bed.acm.list_inbound("alpha", "", 100));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->views.size(), 4U);
  EXPECT_EQ(bed.wait(bed.acm.list_inbound("alpha", page->next, 100))->views.size(), 1U);
  const auto counted = bed.wait(bed.acm.list_inbound("alpha", "", 100, Acm::Users::Counted));
  ASSERT_TRUE(counted);
  EXPECT_EQ(counted->views.size(), 5U);
  EXPECT_TRUE(counted->next.empty());
  EXPECT_EQ(counted->views[0].asked, names.size());
  EXPECT_TRUE(counted->views[0].setup.users.empty());
}

TEST(AcmExpiry, WhatHasEndedAndHoldsNobodyIsForgotten) {
  QuotaBed bed;
  SetupUser brief = QuotaBed::user("bob");
  brief.valid_until = partners::PartnerBed::kNow + 60;
  ASSERT_EQ(bed.ask("stands", {QuotaBed::user("ann")}), Stage::Done);
  ASSERT_EQ(bed.ask("withdrawn", {QuotaBed::user("carl")}), Stage::Done);
  ASSERT_EQ(bed.ask("was-brief", {brief}), Stage::Done);
  EXPECT_EQ(bed.withdraw("withdrawn"), Stage::Withdrawn);
  const auto is_kept = [&](const char* id) { return bed.wait(bed.acm.inbound("alpha", kHome, id)).has_value(); };
  bed.clock().advance(Seconds(kForgetEvery));
  bed.run_turns(40);
  for (const char* id : {"stands", "withdrawn", "was-brief"}) EXPECT_TRUE(is_kept(id)) << id;
  bed.clock().advance(Seconds(kSetupsKept));
  while (is_kept("withdrawn") || is_kept("was-brief")) bed.run_turns(1);
  EXPECT_TRUE(is_kept("stands"));
  for (const char* id : {"withdrawn", "was-brief"}) {
    const std::string prefix = broker::record_prefix({"alpha", "in", kHome, id});
    const auto rows = bed.wait(bed.store().range(tables::kAcmUsers, prefix, broker::record_prefix_end(prefix), 10));
    ASSERT_TRUE(rows);
    EXPECT_TRUE(rows->empty()) << id;
  }
  EXPECT_TRUE(bed.visitor("ann"));
}

TEST(AcmExpiry, OursIsForgottenWhenItHasEndedEverywhere) {
  AskingBed bed;
  const std::string id = bed.ask_there();
  ASSERT_TRUE(bed.wait(bed.acm.remove_partner("alpha", kHome)));
  bed.ended(id);
  ASSERT_TRUE(bed.wait(bed.acm.withdraw("alpha", id, "chief")));
  bed.ended(id);
  const auto put = [&](Stage stage) {
    StageRecord record;
    record.stage = stage;
    record.updated_at = numeric_date(bed.clock().wall());
    bed.put(tables::kAcmSetups, target_key("alpha", id, kHome), encode(record));
  };
  put(Stage::Done);
  const auto is_kept = [&] { return bed.wait(bed.acm.view("alpha", id)).has_value(); };
  bed.clock().advance(Seconds(kSetupsKept + kForgetEvery));
  bed.run_turns(40);
  EXPECT_TRUE(is_kept()) << "somebody is set up there";
  put(Stage::Withdrawn);
  bed.clock().advance(Seconds(kSetupsKept + kForgetEvery));
  while (is_kept()) bed.run_turns(1);
}

// It is said why, and it ends.
TEST(AcmExpiry, WhatAPartnerNeverTakesFailsWithWhatWasInTheWay) {
  AskingBed bed;
  const std::string id = bed.ask_there();
  while (bed.target(id).stage.reason.empty()) {
    bed.clock().advance(kRetryLast);
    bed.run_turns(4);
  }
  EXPECT_EQ(bed.target(id).stage.stage, Stage::Sending);
  bed.clock().advance(Seconds(kAskedMax));
  EXPECT_EQ(bed.ended(id), Stage::Failed);
  EXPECT_FALSE(bed.target(id).stage.reason.empty());
  EXPECT_EQ(bed.target(id).stage.unanswered, Stage::Sending);
}

// A hundred thousand visitors are not read four times a minute for one whose time ends next year.
TEST(AcmTimes, NobodyIsLookedAtBeforeTheNextTimeOfAnybody) {
  QuotaBed bed;
  SetupUser bob = QuotaBed::user("bob");
  bob.valid_until = partners::PartnerBed::kNow + 10'000;
  ASSERT_EQ(bed.ask("request-1", {QuotaBed::user("ann"), bob}), Stage::Done);
  const auto tick = [&] {
    bed.clock().advance(kValidityEvery + Seconds(1));
    bed.run_turns(20);
  };
  for (int i = 0; i < 10; ++i) tick();  // the first look is at everybody
  const std::uint64_t before = bed.store().figures().reads_inline;
  constexpr int kTicks = 40;
  for (int i = 0; i < kTicks; ++i) tick();
  EXPECT_LT(bed.store().figures().reads_inline - before, kTicks) << "others read now and then; once a tick nobody";
  bed.clock().advance(Seconds(10'000));
  while (bed.visitor("bob")) bed.run_turns(1);
  EXPECT_TRUE(bed.visitor("ann"));
}

}  // namespace
}  // namespace claviger::administration
