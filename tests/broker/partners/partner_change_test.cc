// `partner change`: what an agreement becomes, and whose sessions end with what it was.
#include <gtest/gtest.h>

#include "tests/broker/partners/partner_bed.h"

namespace claviger::partners {
namespace {

struct PartnerChange : ::testing::Test {
  PartnerBed bed;
  OtherSystem bravo{"bravo"};
  std::uint64_t version = 0;

  void SetUp() override {
    const auto added = bed.add(bed.draft_of(bravo));
    ASSERT_TRUE(added.has_value());
    version = (*added)->partner.version;
    ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", bed.ann).has_value());
  }
  PartnerDraft now() { return draft_of(bed.known(bed.partners, "bravo")->partner); }
  Result<PartnerRef> change(PartnerDraft draft) {
    auto changed = bed.wait(change_partner(&bed.partners, "alpha", std::move(draft), version));
    if (changed) version = (*changed)->partner.version;
    return changed;
  }
  std::string visitor(std::string_view jti) {
    return bed.redeem(bravo.sign(payload_of(bed.claims_from(bravo, jti)))).member("access_token");
  }
};

TEST_F(PartnerChange, WhatIsNotSaidStays) {
  PartnerDraft draft = now();
  draft.display_name = "Bravo County";
  const auto changed = change(std::move(draft));
  ASSERT_TRUE(changed.has_value());
  const Partner& partner = (*changed)->partner;
  EXPECT_EQ(partner.display_name, "Bravo County");
  EXPECT_EQ(partner.issuer, bravo.issuer);
  EXPECT_EQ(partner.scopes.size(), 2U);
  EXPECT_EQ(partner.outbound, Outbound::All);
  EXPECT_TRUE(partner.is_enabled);
  EXPECT_NE(partner.created_at, 0);
  EXPECT_FALSE(visitor("1").empty());
}

TEST_F(PartnerChange, MoreEndsNothing) {
  const std::string token = visitor("1");
  PartnerDraft draft = now();
  draft.scopes.push_back("3gpp:mc:data_service");
  draft.outbound = Outbound::None;
  draft.gives_refresh_tokens = true;
  ASSERT_TRUE(change(std::move(draft)).has_value());
  EXPECT_TRUE(bed.is_accepted(token));
}

TEST_F(PartnerChange, LessEndsWhatCameOfMore) {
  const std::vector<void (*)(PartnerDraft&)> narrower{
      [](PartnerDraft& draft) { draft.domains = {"bravo.example"}; },
      [](PartnerDraft& draft) { draft.scopes = {std::string(kScope)}; },
      [](PartnerDraft& draft) { draft.session_max = Seconds{60}; },
  };
  for (std::size_t i = 0; i < narrower.size(); ++i) {
    const std::string token = visitor("jti-" + std::to_string(i));
    ASSERT_TRUE(bed.is_accepted(token)) << i;
    PartnerDraft draft = now();
    narrower[i](draft);
    ASSERT_TRUE(change(std::move(draft)).has_value()) << i;
    EXPECT_FALSE(bed.is_accepted(token)) << i;
  }
}

TEST_F(PartnerChange, OtherKeysEndWhatTheOldOnesSigned) {
  const std::string token = visitor("1");
  OtherSystem again{"bravo"};
  PartnerDraft draft = now();
  draft.jwks = again.jwks();
  ASSERT_TRUE(change(std::move(draft)).has_value());
  EXPECT_FALSE(bed.is_accepted(token));
  expect_error(bed.redeem(bravo.sign(payload_of(bed.claims_from(bravo, "2")))), 400, "invalid_grant");
  EXPECT_EQ(bed.redeem(again.sign(payload_of(bed.claims_from(bravo, "3")))).status, 200);
}

TEST_F(PartnerChange, ADisabledOneStaysDisabled) {
  const auto disabled = bed.enable("bravo", false);
  ASSERT_TRUE(disabled.has_value());
  version = (*disabled)->partner.version;
  PartnerDraft draft = now();
  draft.display_name = "x";
  const auto changed = change(std::move(draft));
  ASSERT_TRUE(changed.has_value());
  EXPECT_FALSE((*changed)->partner.is_enabled);
}

TEST_F(PartnerChange, Refusals) {
  PartnerDraft draft = now();
  draft.issuer = "https://idms.other.example/idms/v1/other";
  EXPECT_TRUE(change(std::move(draft)).failed_with(Code::PartnerInvalid));
  draft = now();
  draft.name = "nobody";
  EXPECT_TRUE(change(std::move(draft)).failed_with(Code::PartnerUnknown));
  draft = now();
  draft.resource = "not a uri";
  EXPECT_TRUE(change(std::move(draft)).failed_with(Code::PartnerInvalid));
  OtherSystem charlie{"charlie"};
  ASSERT_TRUE(bed.add(bed.draft_of(charlie)).has_value());
  draft = now();
  draft.resource = charlie.issuer;
  EXPECT_TRUE(change(std::move(draft)).failed_with(Code::PartnerTaken));
  // Somebody else changed it meanwhile.
  draft = now();
  ++version;
  EXPECT_TRUE(change(std::move(draft)).failed_with(Code::Conflict));
}

}  // namespace
}  // namespace claviger::partners
