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

}  // namespace
}  // namespace claviger::administration
