// Who may go to a partner because he was set up there.
#include "broker/identity/abroad.h"
#include "tests/broker/administration/acm_bed.h"

namespace claviger::administration {
namespace {

// A completed set-up is the list of who may go there; its withdrawal ends that, before the partner hears of it.
TEST(Acm, WhomARequestHasSetUpIsOnTheList) {
  AskingBed bed;
  const auto carl = bed.wait(identity::find_user_by_login(bed.context(), "alpha", "carl"));
  ASSERT_TRUE(carl);
  const auto is_listed = [&](identity::Abroad kind, std::string name) {
    const auto listed = bed.wait(identity::is_abroad(bed.context(), "alpha", kind, std::move(name), carl->sub));
    return listed && *listed;
  };
  const std::string id = bed.ask_there();
  EXPECT_FALSE(is_listed(identity::Abroad::System, kHome)) << "nobody has answered";
  // As it was left by an earlier build, that had no list: he gets on it at the next start.
  StageRecord stage;
  stage.stage = Stage::Done;
  bed.put(tables::kAcmUsers, broker::record_key({"alpha", "out", id, kHome, "sip:carl@here.example"}), "EXISTED");
  bed.put(tables::kAcmSetups, target_key("alpha", id, kHome), encode(stage));
  bed.clock().advance(kRetryLast);
  while (!bed.target(id).stage.is_listed) {
    bed.clock().advance(kRetryLast);
    bed.run_turns(4);
  }
  EXPECT_TRUE(is_listed(identity::Abroad::System, kHome));
  EXPECT_TRUE(is_listed(identity::Abroad::Partner, "home")) << "and at its identity server";
  EXPECT_FALSE(is_listed(identity::Abroad::System, "other.example"));
  EXPECT_FALSE(is_listed(identity::Abroad::System, "home"));
  ASSERT_TRUE(bed.wait(bed.acm.withdraw("alpha", id, "chief")));
  EXPECT_EQ(bed.target(id).stage.stage, Stage::Withdrawing);
  EXPECT_FALSE(is_listed(identity::Abroad::System, kHome));
  EXPECT_FALSE(is_listed(identity::Abroad::Partner, "home"));
}

// All of a store's requests were of an earlier build: the start reads them one after the other, not all at once.
TEST(Acm, FormerRequestsComeToTheListOneByOne) {
  constexpr std::size_t kRequests = 20;
  AskingBed bed;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const std::string id = "former" + std::to_string(i);
    administration::Setup setup;
    setup.targets = {kHome};
    setup.users.emplace_back().mc_id = "sip:carl@here.example";
    StageRecord stage;
    stage.stage = Stage::Done;
    bed.put(tables::kAcmSetups, setup_key("alpha", id), encode(setup));
    keys.push_back(target_key("alpha", id, kHome));
    bed.put(tables::kAcmSetups, keys.back(), encode(stage));
  }
  const auto listed = [&] {
    std::size_t count = 0;
    for (const std::string& key : keys) {
      const auto value = bed.wait(bed.context()->store.get(tables::kAcmSetups, key));
      const auto stage = value ? decode_stage(*value) : Result<StageRecord>(value.error());
      count += stage && stage->is_listed ? 1U : 0U;
    }
    return count;
  };
  Acm next(bed.all_contexts(), bed.partners);
  bed.store().hold_commits();
  ASSERT_TRUE(bed.wait(next.start()));
  bed.run_turns(50);
  EXPECT_EQ(bed.store().commits_held(), 1U);
  bed.store().release_commits();
  for (int i = 0; i < 1000 && listed() < kRequests; ++i) bed.run_turns(4);
  EXPECT_EQ(listed(), kRequests);
  next.close();
  bed.run_turns(8);
}

TEST(Acm, TheListIsOfRequestsAndTimes) {
  AcmBed bed;
  constexpr auto kSystem = identity::Abroad::System;
  const auto put = [&](std::string_view setup, std::int64_t from, std::int64_t until) {
    storage::Transaction change;
    identity::put_abroad(change, "alpha", kSystem, kHome, {"sub", setup, from, until});
    EXPECT_TRUE(bed.wait(bed.context()->store.commit(std::move(change))));
  };
  const auto is_listed = [&] { return *bed.wait(identity::is_abroad(bed.context(), "alpha", kSystem, kHome, "sub")); };
  const std::int64_t now = numeric_date(bed.clock().wall());
  EXPECT_FALSE(is_listed());
  put("early", now + 60, 0);
  EXPECT_FALSE(is_listed());
  put("over", 0, now);
  EXPECT_FALSE(is_listed());
  put("one", 0, 0);
  put("two", now, now + 60);
  EXPECT_TRUE(is_listed());
  // Each of them holds him for itself.
  EXPECT_TRUE(bed.wait(identity::erase_abroad(bed.context(), "alpha", "one")));
  EXPECT_TRUE(is_listed());
  EXPECT_TRUE(bed.wait(identity::erase_abroad(bed.context(), "alpha", "two")));
  EXPECT_FALSE(is_listed());
  bed.clock().advance(Seconds(60));
  EXPECT_TRUE(is_listed()) << "the time of the first has begun";
}

}  // namespace
}  // namespace claviger::administration
