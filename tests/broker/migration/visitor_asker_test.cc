#include "broker/migration/visitor_asker.h"

#include <gtest/gtest.h>

#include "tests/broker/migration/samples.h"

namespace claviger::migration {
namespace {

constexpr std::string_view kOwn = "here.example";

AgreementTable table_of(std::initializer_list<Agreement> agreements) {
  AgreementTable table;
  for (const Agreement& one : agreements) {
    AgreementView view;
    view.tenant = "alpha";
    view.agreement = one;
    table.by_tenant["alpha"].push_back(std::make_shared<const AgreementView>(std::move(view)));
  }
  return table;
}
bool may_ask(const Asker& asker, const Agreement& agreed = good_agreement()) {
  return may_ask_for_visitors(asker, agreed, table_of({agreed}), kOwn);
}

TEST(VisitorAsker, IsOfOurOwnRealm) {
  EXPECT_TRUE(may_ask({"scscf.here.example", "here.example", "here.example", "scscf.here.example"}));
  EXPECT_TRUE(may_ask({"scscf.ims.here.example", "ims.here.example", "IMS.Here.Example", "scscf.ims.here.example"}));
}

// No agreement with it, or none any more, or a proxy of whatever realm: its being admitted is not enough.
TEST(VisitorAsker, IsNoAdmittedStranger) {
  EXPECT_FALSE(may_ask({"hss.charlie.example", "charlie.example", "charlie.example", "hss.charlie.example"}));
  EXPECT_FALSE(may_ask({"hss.charlie.example", "charlie.example", "here.example", "hss.charlie.example"}));
  EXPECT_FALSE(may_ask({"hss.charlie.example", "charlie.example", "", "hss.charlie.example"}));
  EXPECT_FALSE(may_ask({"hss.nowhere.example", "nowhere.example", "nowhere.example", "hss.nowhere.example"}));
  EXPECT_FALSE(
      may_ask_for_visitors({"hss.charlie.example", "charlie.example", "charlie.example", "hss.charlie.example"},
                           good_agreement(), AgreementTable(), kOwn));
  // Something of ours that passes on what a stranger asks.
  EXPECT_FALSE(may_ask({"relay.here.example", "here.example", "charlie.example", "relay.here.example"}));
}

TEST(VisitorAsker, IsNobodyOfAnotherSystem) {
  EXPECT_FALSE(may_ask({"mms.home.example", "home.example", "home.example", "mms.home.example"}));
  Agreement below = good_agreement();
  below.realm = "guest.here.example";
  EXPECT_FALSE(may_ask(
      {"scscf.guest.here.example", "guest.here.example", "guest.here.example", "scscf.guest.here.example"}, below));
  below.agents = {"agent.here.example"};
  EXPECT_FALSE(may_ask({"agent.here.example", "here.example", "here.example", "agent.here.example"}, below));
}

TEST(VisitorAsker, IsWhomTheAgreementNames) {
  Agreement named = good_agreement();
  named.cscfs = {"scscf.carrier.example"};
  EXPECT_TRUE(may_ask({"scscf.carrier.example", "carrier.example", "carrier.example", "scscf.carrier.example"}, named));
  EXPECT_FALSE(
      may_ask({"other.carrier.example", "carrier.example", "carrier.example", "other.carrier.example"}, named));
  EXPECT_FALSE(may_ask({"scscf.here.example", "here.example", "here.example", "scscf.here.example"}, named));
}

// The name that it registers visitors by, and ends their registrations, is the one that its connection has.
TEST(VisitorAsker, SpeaksForItself) {
  Agreement named = good_agreement();
  named.cscfs = {"scscf.carrier.example", "scscf.other.example", "agent.carrier.example", "behind.carrier.example"};
  const auto says = [&](std::string_view host, std::string_view realm,
                        std::string_view peer = "scscf.carrier.example") {
    return may_ask({peer, "carrier.example", realm, host}, named);
  };
  EXPECT_TRUE(says("SCSCF.carrier.example", "Carrier.example"));
  EXPECT_FALSE(says("scscf.other.example", "other.example"));
  EXPECT_FALSE(says("scscf.other.example", "carrier.example"));
  EXPECT_FALSE(says("scscf.here.example", "here.example"));
  EXPECT_FALSE(says("scscf.carrier.example", "here.example"));
  EXPECT_FALSE(says("", ""));
  // An agent of its realm, for those who are named, too.
  EXPECT_TRUE(says("behind.carrier.example", "carrier.example", "agent.carrier.example"));
  EXPECT_FALSE(says("nobody.carrier.example", "carrier.example", "agent.carrier.example"));
  EXPECT_FALSE(says("scscf.other.example", "carrier.example", "agent.carrier.example"));
  // Something of ours that passes on what others of ours ask.
  named.cscfs = {"relay.here.example"};
  EXPECT_TRUE(may_ask({"relay.here.example", "here.example", "here.example", "scscf.here.example"}, named));
  EXPECT_FALSE(may_ask({"relay.here.example", "here.example", "charlie.example", "hss.charlie.example"}, named));
}

}  // namespace
}  // namespace claviger::migration
