#include "broker/former_writings.h"

#include <gtest/gtest.h>

#include "broker/identity/ue_procedures.h"
#include "broker/identity/ue_records.h"
#include "broker/partners/partner_users.h"
#include "broker/record_key.h"
#include "broker/registration/records.h"
#include "broker/tables.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::broker {
namespace {

constexpr std::string_view kFormer = "urn:uuid:2F";
constexpr std::string_view kNow = "urn:uuid:2f";
constexpr std::int64_t kEnd = 4'000'000'000;

struct FormerWritings : ::testing::Test {
  identity::Testbed bed;

  void put(storage::TableId table, const std::string& key, const std::string& value, std::int64_t end = 0) {
    storage::Transaction change;
    change.put(table, key, as_bytes(value), end);
    ASSERT_TRUE(bed.wait(bed.context()->store.commit(std::move(change))));
  }
  void put_ue(std::string_view ue_id, bool is_lost, std::string key) {
    identity::Ue ue;
    ue.is_lost = is_lost;
    ue.dpop_keys = {std::move(key)};
    put(tables::kUes, record_key({"alpha", ue_id}), identity::encode_ue(ue));
    const std::string row = identity::ue_credential_key("alpha", identity::kUeDpopKind, ue.dpop_keys[0]);
    put(tables::kCredentialIds, row, std::string(ue_id));
  }
  bool has(storage::TableId table, const std::string& key) {
    return bed.wait(bed.context()->store.get(table, key)).has_value();
  }
  std::string text(storage::TableId table, const std::string& key) {
    const auto value = bed.wait(bed.context()->store.get(table, key));
    return value ? std::string(value->text()) : "none";
  }
  void move() { ASSERT_TRUE(bed.wait(move_former_writings(bed.context()))); }
  identity::Ue ue() {
    auto found = bed.wait(identity::find_ue(bed.context(), "alpha", std::string(kFormer)));
    EXPECT_TRUE(found);
    return found ? *std::move(found) : identity::Ue();
  }
};

TEST_F(FormerWritings, ALostUeStaysLost) {
  put_ue(kFormer, true, "k");
  put_ue("Truck", false, "t");
  move();
  EXPECT_TRUE(ue().is_lost);
  EXPECT_EQ(ue().ue_id, kNow);
  EXPECT_EQ(*bed.wait(identity::read_ue_of_key(bed.context(), "alpha", std::string(identity::kUeDpopKind), "k")), kNow);
  EXPECT_FALSE(has(tables::kUes, record_key({"alpha", kFormer})));
  EXPECT_TRUE(has(tables::kUes, record_key({"alpha", "Truck"})));
}

TEST_F(FormerWritings, OfTwoRecordsTheLostOneWins) {
  put_ue("URN:uuid:2f", false, "a");
  put_ue(kFormer, true, "b");
  put_ue(kNow, false, "c");
  move();
  EXPECT_TRUE(ue().is_lost);
  std::vector<std::string> keys = ue().dpop_keys;
  std::ranges::sort(keys);
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(bed.wait(identity::list_ues(bed.context(), "alpha", "", 10))->ues.size(), 1U);
}

TEST_F(FormerWritings, WhatHangsOnAUeIsFound) {
  put(tables::kUeSessions, record_key({"alpha", kFormer, "sid"}), "", kEnd);
  put(tables::kInteractions, record_key({"alpha", "browser-ue", kFormer}), "20", kEnd);
  put(tables::kInteractions, record_key({"alpha", "browser-ue", kNow}), "3", kEnd);
  put(tables::kInteractions, record_key({"alpha", "browser-session", kFormer}), "", kEnd);
  move();
  const auto row = bed.wait(bed.context()->store.get(tables::kUeSessions, record_key({"alpha", kNow, "sid"})));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->expires_at(), kEnd);
  EXPECT_EQ(text(tables::kInteractions, record_key({"alpha", "browser-ue", kNow})), "20") << "the later sign-off";
  EXPECT_TRUE(has(tables::kInteractions, record_key({"alpha", "browser-session", kFormer})));
}

TEST_F(FormerWritings, ClientsAndMembershipsAreFound) {
  const std::string before(kFormer), after(kNow);
  const auto binding = [](const std::string& client) { return record_key({"alpha", "b", "sip:a@b", "mcptt", client}); };
  const auto index = [](std::string_view kind, const std::string& id, const std::string& client) {
    return record_key({"alpha", kind, id, "sip:a@b", "mcptt", client});
  };
  put(tables::kServiceStates, binding(before), "binding");
  put(tables::kServiceStates, index(registration::kUeIndex, before, before), "");
  put(tables::kServiceStates, index("j", before, before), "");
  put(tables::kValIdentities, record_key({"alpha", "ue", before, "v2x", "conf"}), "");
  put(tables::kValIdentities, record_key({"alpha", "user", before, "v2x", "conf"}), "");
  put(tables::kValIdentities, record_key({"alpha", "gone", "server", "ue", before, "v2x"}), "");
  move();
  EXPECT_EQ(text(tables::kServiceStates, binding(after)), "binding");
  EXPECT_FALSE(has(tables::kServiceStates, binding(before)));
  EXPECT_TRUE(has(tables::kServiceStates, index(registration::kUeIndex, after, after)));
  EXPECT_TRUE(has(tables::kServiceStates, index("j", before, after))) << "a token's identifier is its own";
  EXPECT_TRUE(has(tables::kValIdentities, record_key({"alpha", "ue", after, "v2x", "conf"})));
  EXPECT_TRUE(has(tables::kValIdentities, record_key({"alpha", "user", before, "v2x", "conf"})));
  EXPECT_TRUE(has(tables::kValIdentities, record_key({"alpha", "gone", "server", "ue", after, "v2x"})));
}

TEST_F(FormerWritings, AMappingIsFoundAndNoneIsLost) {
  const auto key = [](std::string_view id) {
    return partners::partner_user_key("alpha", "bravo", partners::PartnerUserKind::PrimaryMcId, id);
  };
  put(tables::kPartnerUsers, key("sip:u@Home.example"), "ann");
  put(tables::kPartnerUsers, key("sip:v@Home.example"), "ann");
  put(tables::kPartnerUsers, key("sip:v@home.example"), "visitor");
  put(tables::kPartnerUsers, record_key({"alpha", "bravo", "sub", "sip:u@Home.example"}), "ben");
  move();
  const auto sub_of = [this](std::string id) {
    const auto user = bed.wait(partners::read_partner_user(bed.context(), "alpha", "bravo",
                                                           partners::PartnerUserKind::PrimaryMcId, std::move(id)));
    return user ? user->sub : "none";
  };
  EXPECT_EQ(sub_of("sip:u@home.example"), "ann");
  EXPECT_EQ(sub_of("sip:u@HOME.example"), "ann");
  EXPECT_EQ(sub_of("sip:v@Home.example"), "ann") << "two users: whom each of them named";
  EXPECT_EQ(sub_of("sip:v@home.example"), "visitor");
  EXPECT_TRUE(has(tables::kPartnerUsers, record_key({"alpha", "bravo", "sub", "sip:u@Home.example"})));
}

TEST_F(FormerWritings, AreMovedOnce) {
  move();
  put_ue(kFormer, true, "k");
  move();
  EXPECT_TRUE(has(tables::kUes, record_key({"alpha", kFormer}))) << "no start walks the tables again";
}

}  // namespace
}  // namespace claviger::broker
