// A visitor's UE (spec 3.2, 3.3): named by its key as any other, with the rules of its class; and his sessions are bounded.
#include <gtest/gtest.h>

#include "broker/identity/ue_naming.h"
#include "broker/identity/ue_procedures.h"
#include "tests/broker/partners/partner_bed.h"

namespace claviger::partners {
namespace {

using identity::UeChange;
using identity::UeClass;

constexpr std::string_view kUe = "urn:ue:1";

struct VisitorUe : ::testing::Test {
  PartnerBed bed;
  OtherSystem bravo{"bravo"};
  int tokens = 0;

  void SetUp() override {
    ASSERT_TRUE(bed.add(bed.draft_of(bravo)).has_value());
    ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", bed.ann).has_value());
  }
  void show_certificate() { bed.peer().certificate_digest.emplace().fill(std::byte{7}); }
  void register_ue(UeClass ue_class, UeChange change = {}) {
    show_certificate();
    change.ue_class = ue_class;
    change.certificates = std::vector<std::string>{identity::ue_certificate(bed.peer()).thumbprint};
    ASSERT_TRUE(bed.wait(identity::create_ue(bed.context(), "alpha", std::string(kUe), std::move(change))).has_value());
  }
  identity::Reply visit(std::string_view extra = {}) {
    const std::string assertion = bravo.sign(payload_of(bed.claims_from(bravo, "jti-" + std::to_string(++tokens))));
    return bed.token("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=app&assertion=" + assertion +
                     "&scope=" + identity::escaped(kScope) + std::string(extra));
  }
  std::vector<identity::Session> on_ue() {
    auto page = bed.wait(identity::list_sessions_of_ue(bed.context(), "alpha", std::string(kUe), "", 100));
    return page ? page->sessions : std::vector<identity::Session>();
  }
};

TEST_F(VisitorUe, IsKnownByItsKey) {
  register_ue(UeClass::Gateway);
  const identity::Reply reply = visit();
  ASSERT_EQ(reply.status, 200) << reply.body;
  ASSERT_EQ(on_ue().size(), 1U);
  EXPECT_EQ(on_ue()[0].ue_id, kUe);
  EXPECT_EQ(on_ue()[0].partner, "bravo");
  EXPECT_EQ(visit("&ue_id=urn:ue:1").status, 200);
}

TEST_F(VisitorUe, AClaimWithoutProofGetsNothing) {
  expect_error(visit("&ue_id=urn:ue:1"), 400, "access_denied");
  register_ue(UeClass::Gateway);
  expect_error(visit("&ue_id=urn:ue:2"), 400, "access_denied");
  EXPECT_EQ(on_ue().size(), 0U);
}

TEST_F(VisitorUe, OnAShareableOneHeTakesOver) {
  register_ue(UeClass::Shareable);
  const identity::Reply local = bed.sign_in_for_tokens("app");
  ASSERT_EQ(local.status, 200) << local.body;
  ASSERT_TRUE(bed.is_accepted(local.member("access_token")));
  const identity::Reply visitor = visit();
  ASSERT_EQ(visitor.status, 200) << visitor.body;
  EXPECT_FALSE(bed.is_accepted(local.member("access_token")));
  EXPECT_TRUE(bed.is_accepted(visitor.member("access_token")));
  const identity::Reply back = bed.sign_in_for_tokens("app");
  EXPECT_FALSE(bed.is_accepted(visitor.member("access_token")));
  EXPECT_TRUE(bed.is_accepted(back.member("access_token")));
}

TEST_F(VisitorUe, OnALostOneNobodySignsIn) {
  UeChange change;
  change.is_lost = true;
  register_ue(UeClass::Personal, std::move(change));
  expect_error(visit(), 400, "access_denied");
}

TEST_F(VisitorUe, OnSomebodyElsesHeDoesNot) {
  const identity::User eve = bed.add_user("eve", "pw");
  UeChange change;
  change.owner = eve.sub;
  register_ue(UeClass::Personal, std::move(change));
  expect_error(visit(), 400, "access_denied");
}

TEST_F(VisitorUe, HisSessionsAreBounded) {
  bed.settings().limits.sessions_per_user = 1;
  bed.publish();
  const identity::Reply first = visit();
  const identity::Reply second = visit();
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_FALSE(bed.is_accepted(first.member("access_token")));
  EXPECT_TRUE(bed.is_accepted(second.member("access_token")));
}

}  // namespace
}  // namespace claviger::partners
