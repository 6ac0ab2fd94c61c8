#include "broker/partners/partner_procedures.h"

#include <gtest/gtest.h>

#include "tests/broker/partners/partner_bed.h"

namespace claviger::partners {
namespace {

struct PartnerProcedures : ::testing::Test {
  PartnerBed bed;
  OtherSystem bravo{"bravo"};

  template <typename Change>
  Code refusal(Change change) {
    PartnerDraft draft = bed.draft_of(bravo);
    change(draft);
    const auto added = bed.add(std::move(draft));
    return added ? Code::NotFound : added.error().code;
  }
};

TEST_F(PartnerProcedures, FillsInWhereAPartnerHasItsEndpoints) {
  PartnerDraft draft = bed.draft_of(bravo);
  const auto added = bed.add(std::move(draft));
  ASSERT_TRUE(added.has_value());
  EXPECT_EQ((*added)->partner.resource, bravo.issuer);
  EXPECT_EQ((*added)->partner.token_endpoint, bravo.issuer + "/token");
  EXPECT_NE((*added)->keys->find(bravo.key->kid()), nullptr);
}

TEST_F(PartnerProcedures, RefusesWhatAPartnerCannotBe) {
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.name = "Bravo"; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.issuer = "http://idms.bravo.example"; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.issuer = "https://u@idms.bravo.example"; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.issuer = "https://b/?x"; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.issuer = identity::kIssuer; }), Code::PartnerInvalid);  // ourselves
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.resource = "bravo"; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.jwks = "{\"keys\":[]}"; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.jwks_uri = "https://b/jwks"; }),
            Code::PartnerInvalid);  // beside jwks
  EXPECT_EQ(refusal([](PartnerDraft& draft) {
              draft.jwks.clear();
              draft.jwks_uri = "http://b/jwks";
            }),
            Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.ca_pem = "no pem"; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.feed_client_id = "us"; }), Code::PartnerInvalid);  // no secret
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.feed_secret = SecretBytes(as_bytes("x")); }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.scopes = {"a b"}; }), Code::ScopeMalformed);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.domains = {"Alpha Example"}; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.accepted_acrs = {"urn:theirs"}; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.accepted_acrs.assign(33, "3gpp:acr:password"); }),
            Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.clients = {"a b\n"}; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.clients.assign(257, "app"); }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.keys_kept = Seconds{1}; }), Code::PartnerInvalid);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.session_max = Seconds{1}; }), Code::PartnerInvalid);
}

TEST_F(PartnerProcedures, NameIssuerAndResourceAreOnePartners) {
  ASSERT_TRUE(bed.add(bed.draft_of(bravo)));
  EXPECT_EQ(refusal([](PartnerDraft&) {}), Code::PartnerTaken);
  EXPECT_EQ(refusal([](PartnerDraft& draft) { draft.name = "other"; }), Code::PartnerTaken);
  EXPECT_EQ(refusal([&](PartnerDraft& draft) {
              draft.name = "other";
              draft.resource = draft.issuer;
              draft.issuer = "https://other.example";
            }),
            Code::PartnerTaken);
}

TEST_F(PartnerProcedures, RemovingTakesItsUsersAlong) {
  ASSERT_TRUE(bed.add(bed.draft_of(bravo)));
  ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  const std::string token = bed.redeem(bravo.sign(payload_of(bed.claims_from(bravo)))).member("access_token");
  ASSERT_TRUE(bed.is_accepted(token));
  ASSERT_TRUE(bed.wait(remove_partner(&bed.partners, "alpha", "bravo")));
  EXPECT_FALSE(bed.is_accepted(token));
  EXPECT_EQ(bed.wait(remove_partner(&bed.partners, "alpha", "bravo")).error().code, Code::PartnerUnknown);
  ASSERT_TRUE(bed.add(bed.draft_of(bravo)));
  EXPECT_TRUE(bed.wait(list_partner_users(bed.context(), "alpha", "bravo", "", 10))->users.empty());
}

TEST_F(PartnerProcedures, AUserThereIsOneUserHere) {
  ASSERT_TRUE(bed.add(bed.draft_of(bravo)));
  const identity::User ben = bed.add_user("ben");
  EXPECT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  EXPECT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", bed.ann));
  EXPECT_EQ(bed.map_user("bravo", PartnerUserKind::PrimarySub, "bob-sub", ben).error().code, Code::Duplicate);
  EXPECT_EQ(bed.map_user("charlie", PartnerUserKind::PrimarySub, "bob-sub", ben).error().code, Code::PartnerUnknown);
  EXPECT_EQ(bed.map_user("bravo", PartnerUserKind::PrimarySub, "", ben).error().code, Code::PartnerInvalid);
  EXPECT_EQ(bed.map_user("bravo", PartnerUserKind::PrimarySub, std::string("a\0b", 3), ben).error().code,
            Code::PartnerInvalid);
  EXPECT_EQ(bed.map_user("bravo", PartnerUserKind::PrimaryMcId, "not a uri", ben).error().code, Code::PartnerInvalid);
  identity::User nobody;
  nobody.sub = "nobody";
  EXPECT_EQ(bed.map_user("bravo", PartnerUserKind::PrimarySub, "x", nobody).error().code, Code::UserUnknown);
  EXPECT_EQ(
      bed.wait(remove_partner_user(&bed.partners, bed.context(), "alpha", "bravo", PartnerUserKind::PrimarySub, "y"))
          .error()
          .code,
      Code::PartnerUserUnknown);
}

// RFC 3261 clause 19.1.4: whoever maps him, and whoever asks for him, may write host and scheme as he likes.
TEST_F(PartnerProcedures, AnMcIdHasOneWriting) {
  ASSERT_TRUE(bed.add(bed.draft_of(bravo)));
  const identity::User ben = bed.add_user("ben");
  const auto kind = PartnerUserKind::PrimaryMcId;
  ASSERT_TRUE(bed.map_user("bravo", kind, "SIP:u@Bravo.example", bed.ann));
  EXPECT_TRUE(bed.map_user("bravo", kind, "sip:u@bravo.example", bed.ann));
  EXPECT_EQ(bed.map_user("bravo", kind, "sip:u@bravo.Example", ben).error().code, Code::Duplicate);
  for (const char* id : {"sip:u@bravo.example", "sip:u@BRAVO.example"}) {
    const auto found = bed.wait(read_partner_user(bed.context(), "alpha", "bravo", kind, id));
    ASSERT_TRUE(found) << id;
    EXPECT_EQ(found->sub, bed.ann.sub);
    EXPECT_EQ(found->id, "sip:u@bravo.example");
  }
  EXPECT_TRUE(bed.wait(read_partner_user(bed.context(), "alpha", "bravo", kind, "sip:U@bravo.example"))
                  .failed_with(Code::PartnerUserUnknown));
  EXPECT_EQ(bed.wait(list_partner_users(bed.context(), "alpha", "bravo", "", 10))->users.size(), 1U);
  ASSERT_TRUE(
      bed.wait(remove_partner_user(&bed.partners, bed.context(), "alpha", "bravo", kind, "sip:u@BRAVO.example")));
  EXPECT_TRUE(bed.wait(list_partner_users(bed.context(), "alpha", "bravo", "", 10))->users.empty());
}

TEST_F(PartnerProcedures, UsersAreListedPageByPage) {
  ASSERT_TRUE(bed.add(bed.draft_of(bravo)));
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::PrimarySub, id, bed.ann));
  ASSERT_TRUE(bed.map_user("bravo", PartnerUserKind::Outbound, "", bed.ann));
  std::string after;
  std::vector<std::string> seen;
  do {
    auto page = bed.wait(list_partner_users(bed.context(), "alpha", "bravo", after, 2));
    ASSERT_TRUE(page.has_value());
    for (const PartnerUser& user : page->users) seen.push_back(std::string(name_of(user.kind)) + "=" + user.id);
    after = page->next;
  } while (!after.empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"out=" + bed.ann.sub, "sub=a", "sub=b", "sub=c"}));
  EXPECT_EQ(bed.wait(list_partner_users(bed.context(), "alpha", "bravo", "zz", 2)).error().code, Code::BadValue);
}

TEST_F(PartnerProcedures, ARestartKnowsThemAgain) {
  ASSERT_TRUE(bed.add(bed.draft_of(bravo)));
  ASSERT_TRUE(bed.enable("bravo", false));
  Partners again(bed.partners.home().all);
  ASSERT_TRUE(bed.wait(again.start()));
  const PartnerRef view = bed.known(again, "bravo");
  ASSERT_NE(view, nullptr);
  EXPECT_FALSE(view->partner.is_enabled);
  EXPECT_NE(view->keys, nullptr);
  again.stop();
}

TEST_F(PartnerProcedures, KeysByHandAreNotFetched) {
  ASSERT_TRUE(bed.add(bed.draft_of(bravo)));
  EXPECT_EQ(bed.wait(bed.partners.refresh_keys(bed.context(), "alpha", "bravo")).error().code, Code::PartnerInvalid);
  EXPECT_EQ(bed.wait(bed.partners.refresh_keys(bed.context(), "alpha", "charlie")).error().code, Code::PartnerUnknown);
}

}  // namespace
}  // namespace claviger::partners
