// What became less ends sessions, whatever fails between the change and their end; and nobody is told that they have ended
// before they have.
#include "broker/partners/owed_ends.h"

#include <gtest/gtest.h>

#include <functional>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "tests/broker/partners/partner_bed.h"

namespace claviger::partners {
namespace {

struct OwedEnds : ::testing::Test {
  PartnerBed bed;
  OtherSystem bravo{"bravo"};

  void SetUp() override {
    ASSERT_TRUE(bed.add(bed.draft_of(bravo)).has_value());
    ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  }
  std::string visitor(std::string_view jti) {
    return bed.redeem(bravo.sign(payload_of(bed.claims_from(bravo, jti)))).member("access_token");
  }
  std::optional<Code> narrow() {
    const PartnerRef known = bed.known(bed.partners, "bravo");
    PartnerDraft draft = draft_of(known->partner);
    draft.scopes = {std::string(kScope)};
    const auto done = bed.wait(change_partner(&bed.partners, "alpha", std::move(draft), known->partner.version));
    return done ? std::nullopt : std::optional<Code>(done.error().code);
  }
  std::optional<Code> disable() {
    const auto done = bed.enable("bravo", false);
    return done ? std::nullopt : std::optional<Code>(done.error().code);
  }
  std::optional<Code> remove() {
    const auto done = bed.wait(remove_partner(&bed.partners, "alpha", "bravo"));
    return done ? std::nullopt : std::optional<Code>(done.error().code);
  }
  std::optional<Code> unmap() {
    const auto done = bed.wait(
        remove_partner_user(&bed.partners, bed.context(), "alpha", "bravo", PartnerUserKind::PrimarySub, "bob-sub"));
    return done ? std::nullopt : std::optional<Code>(done.error().code);
  }
  // The change is written, the end of the session is not; then it is asked for again.
  void fails_between(const std::function<std::optional<Code>()>& change, std::optional<Code> second) {
    const std::string token = visitor("1");
    ASSERT_TRUE(bed.is_accepted(token));
    bed.store().fail_commits(1, Code::Io, 1);
    EXPECT_EQ(change(), Code::Io);
    EXPECT_TRUE(bed.is_accepted(token));
    EXPECT_EQ(change(), second);
    EXPECT_FALSE(bed.is_accepted(token));
    const auto rows = bed.wait(bed.store().range(broker::tables::kPartners, "", "", 100));
    ASSERT_TRUE(rows.has_value());
    for (const storage::Record& row : *rows) EXPECT_EQ(row.key.find("owed"), std::string::npos);
  }
};

TEST_F(OwedEnds, ANarrowerAgreement) {
  fails_between([this] { return narrow(); }, std::nullopt);
}
TEST_F(OwedEnds, ADisabledPartner) {
  fails_between([this] { return disable(); }, std::nullopt);
}
TEST_F(OwedEnds, ARemovedPartner) {
  fails_between([this] { return remove(); }, std::nullopt);
}
TEST_F(OwedEnds, AUserWhoIsNotSetUpAnyMore) {
  fails_between([this] { return unmap(); }, Code::PartnerUserUnknown);
}

TEST_F(OwedEnds, NobodyAsksAgain) {
  const std::string token = visitor("1");
  bed.store().fail_commits(1, Code::Io, 1);
  EXPECT_EQ(unmap(), Code::Io);
  ASSERT_TRUE(bed.is_accepted(token));
  bed.clock().advance(kSettleEvery + Seconds{1});
  bed.run_turns(16);
  EXPECT_FALSE(bed.is_accepted(token));
}

TEST_F(OwedEnds, OfOneUserEndsOnlyHisFromThere) {
  const identity::User ben = bed.add_user("ben");
  OtherSystem charlie{"charlie"};
  ASSERT_TRUE(bed.add(bed.draft_of(charlie)).has_value());
  ASSERT_TRUE(bed.map_user("charlie", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "ben-sub", ben));
  const std::string anns = visitor("1");
  ClaimTexts claims = bed.claims_from(bravo, "2");
  claims["sub"] = json_text("ben-sub");
  const std::string bens = bed.redeem(bravo.sign(payload_of(claims))).member("access_token");
  const std::string from_charlie =
      bed.redeem(charlie.sign(payload_of(bed.claims_from(charlie, "3")))).member("access_token");
  const std::string at_home = bed.sign_in_for_tokens("app").member("access_token");
  EXPECT_EQ(unmap(), std::nullopt);
  EXPECT_FALSE(bed.is_accepted(anns));
  EXPECT_TRUE(bed.is_accepted(bens));
  EXPECT_TRUE(bed.is_accepted(from_charlie));
  EXPECT_TRUE(bed.is_accepted(at_home));
}

// A row that nobody can read stays, and keeps no session alive.
TEST_F(OwedEnds, ABadRowStopsNoOther) {
  const std::string token = visitor("z");
  storage::Transaction bad;
  bad.put(broker::tables::kPartnerTokens, broker::record_key({"alpha", "bravo", "jti", "a"}), as_bytes("nonsense"));
  bad.put(broker::tables::kPartnerTokens, broker::record_key({"alpha", "bravo", "sid", "sid-there", "a"}),
          as_bytes("nonsense"));
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(bad))));
  EXPECT_EQ(disable(), Code::Corrupt);
  EXPECT_FALSE(bed.is_accepted(token));
}

TEST_F(OwedEnds, OfAPartnerThatCannotBe) {
  EXPECT_TRUE(bed.enable(std::string("br\0avo", 6), false).failed_with(Code::PartnerUnknown));
}

}  // namespace
}  // namespace claviger::partners
