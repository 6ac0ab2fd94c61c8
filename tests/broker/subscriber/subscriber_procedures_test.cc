#include "broker/subscriber/subscriber_procedures.h"

#include <gtest/gtest.h>

#include "broker/public_identity_rows.h"
#include "broker/subscriber/notice_delivery.h"
#include "broker/tables.h"
#include "tests/broker/subscriber/subscriber_bed.h"

namespace claviger::subscriber {
namespace {

class Procedures : public SubscriberBed, public ::testing::Test {
 protected:
  Code add_refusal(SubscriberDraft draft) {
    const auto made = wait(add_subscriber(&database(), "alpha", std::move(draft)));
    return made ? Code::Internal : made.error().code;
  }
  static SubscriberDraft bob() { return draft_of("bob@x.example", {"sip:bob@x.example"}, kAnnKey, kAnnOpc); }
};

TEST_F(Procedures, KeysLieSealed) {
  const auto value = wait(store().get(broker::tables::kSubscribers, subscriber_key("alpha", kAnn)));
  ASSERT_TRUE(value);
  std::array<std::byte, 16> key;
  ASSERT_TRUE(codec::hex_decode(kAnnKey, key));
  EXPECT_EQ(value->text().find(as_text(key)), std::string_view::npos);
  EXPECT_EQ(value->text().find(kAnnKey), std::string_view::npos);
}

TEST_F(Procedures, AddRefusals) {
  EXPECT_EQ(add_refusal(ann()), Code::SubscriberTaken);
  SubscriberDraft wrong = bob();
  wrong.public_identities = std::vector<std::string>{std::string(kAnnPublic)};
  EXPECT_EQ(add_refusal(std::move(wrong)), Code::SubscriberTaken);
  const auto with = [](auto change) {
    SubscriberDraft draft = bob();
    change(draft);
    return draft;
  };
  const auto key = [](std::string_view text) { return SecretBytes(as_bytes(text)); };
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.private_identity = "bob"; })), Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.public_identities = std::nullopt; })), Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.public_identities->clear(); })), Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.public_identities->emplace_back("SIP:bob@X.example"); })),
            Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.public_identities->emplace_back("sip:b@x.example;a=b"); })),
            Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.public_identities->assign(17, "sip:b@x.example"); })),
            Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.key = SecretBytes(); })), Code::AkaKeyInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.key = key("465b5ce8"); })), Code::AkaKeyInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.key = key(kTomKey); })), Code::AkaKeyInvalid);  // Milenage: 16
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.key = key(std::string(32, 'x')); })), Code::AkaKeyInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.operator_code = key(kTomTopc); })), Code::AkaKeyInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.operator_variant = key(kAnnOpc); })), Code::AkaKeyInvalid);  // both
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.operator_code = SecretBytes(); })), Code::AkaKeyInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.algorithm = "xor"; })), Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.response_bytes = 4; })), Code::AkaKeyInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.amf = "80"; })), Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.sequence = "12"; })), Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.ind_bits = 9; })), Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.iterations = 17; })), Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.capabilities = std::vector<std::int64_t>{-1}; })),
            Code::SubscriberInvalid);
  EXPECT_EQ(add_refusal(with([&](auto& d) { d.visited_networks = std::vector<std::string>{""}; })),
            Code::SubscriberInvalid);
}

// TS 35.208 set 1: OPc of OP; TS 35.233 set 2: TOPc of TOP.
TEST_F(Procedures, OperatorVariants) {
  SubscriberDraft draft = bob();
  draft.operator_code = SecretBytes();
  draft.operator_variant = SecretBytes(as_bytes("cdc202d5123e20f62b6d676ac72cb318"));
  ASSERT_TRUE(wait(add_subscriber(&database(), "alpha", std::move(draft))));
  Module bobs(kAnnKey, kAnnOpc);
  bobs.set(database().clock().now(shard().wall()) - 5);
  EXPECT_TRUE(bobs.takes(ask(request("bob@x.example", "sip:bob@x.example"))->vector));
  SubscriberDraft tuak = draft_of("eve@x.example", {"sip:eve@x.example"}, kTomKey, kTomTopc);
  tuak.operator_code = SecretBytes();
  tuak.operator_variant = SecretBytes(as_bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  ASSERT_TRUE(wait(add_subscriber(&database(), "alpha", std::move(tuak))));
  Module eves(kTomKey, kTomTopc);
  eves.set(database().clock().now(shard().wall()) - 5);
  EXPECT_TRUE(eves.takes(ask(request("eve@x.example", "sip:eve@x.example"))->vector));
}

// A module that another centre numbered goes on where it was.
TEST_F(Procedures, SequenceNumbersOfAnotherCentre) {
  SubscriberDraft draft = bob();
  draft.sequence = "000000001000";
  ASSERT_TRUE(wait(add_subscriber(&database(), "alpha", std::move(draft))));
  Module bobs(kAnnKey, kAnnOpc);
  bobs.set(0x1000U >> 5U);
  EXPECT_TRUE(bobs.takes(ask(request("bob@x.example", "sip:bob@x.example"))->vector));
  EXPECT_EQ(bobs.last() >> 5U, (0x1000U >> 5U) + 1);
}

TEST_F(Procedures, ChangesCountAtOnce) {
  ASSERT_TRUE(ask(request()));
  SubscriberDraft change;
  change.private_identity = kAnn;
  change.public_identities = std::vector<std::string>{"sip:ann2@ims.alpha.example"};
  ASSERT_TRUE(wait(change_subscriber(&database(), "alpha", std::move(change))));
  EXPECT_EQ(refusal(request()), Code::PublicIdentityUnknown);
  EXPECT_TRUE(ask(request(kAnn, "sip:ann2@ims.alpha.example")));
  SubscriberDraft unknown;
  unknown.private_identity = "nobody@x.y";
  EXPECT_EQ(wait(change_subscriber(&database(), "alpha", std::move(unknown))).error().code, Code::SubscriberUnknown);
  SubscriberDraft shape;
  shape.private_identity = kAnn;
  shape.algorithm = "tuak";
  EXPECT_EQ(wait(change_subscriber(&database(), "alpha", std::move(shape))).error().code, Code::AkaKeyInvalid);
}

TEST_F(Procedures, WhatAVisitorIsCalledNoSubscriberIs) {
  const std::string key = broker::visitors_identity_key("alpha", "tel:+491709");
  storage::Transaction bind;
  bind.put(broker::tables::kBindingIdentities, key, as_bytes(std::string_view("v1@visitors.alpha.example")));
  ASSERT_TRUE(wait(context()->store.commit(std::move(bind))));
  const auto add_bob = [&] {
    SubscriberDraft draft = bob();
    draft.public_identities = std::vector<std::string>{"sip:bob@x.example", "tel:+49-1709"};
    return wait(add_subscriber(&database(), "alpha", std::move(draft)));
  };
  EXPECT_TRUE(add_bob().failed_with(Code::SubscriberTaken));
  SubscriberDraft change;
  change.private_identity = kAnn;
  change.public_identities = std::vector<std::string>{std::string(kAnnPublic), "tel:+491709"};
  EXPECT_TRUE(wait(change_subscriber(&database(), "alpha", std::move(change))).failed_with(Code::SubscriberTaken));
  storage::Transaction release;
  release.erase(broker::tables::kBindingIdentities, key);
  ASSERT_TRUE(wait(context()->store.commit(std::move(release))));
  EXPECT_TRUE(add_bob());
}

TEST_F(Procedures, RemovedIsGone) {
  ASSERT_TRUE(ask(request()));
  ASSERT_TRUE(wait(remove_subscriber(&database(), "alpha", std::string(kAnn))));
  EXPECT_EQ(refusal(request()), Code::SubscriberUnknown);
  EXPECT_EQ(wait(remove_subscriber(&database(), "alpha", std::string(kAnn))).error().code, Code::SubscriberUnknown);
  EXPECT_EQ(wait(find_subscriber(&database(), "alpha", std::string(kAnnPublic))).error().code, Code::SubscriberUnknown);
  EXPECT_TRUE(wait(add_subscriber(&database(), "alpha", ann())));  // its identities are free again
}

TEST_F(Procedures, ListsByPages) {
  auto page = wait(list_subscribers(context(), "alpha", "", 1));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->subscribers.size(), 1U);
  EXPECT_EQ(page->subscribers[0].private_identity, kAnn);
  page = wait(list_subscribers(context(), "alpha", page->next, 1));
  EXPECT_EQ(page->subscribers[0].private_identity, kTom);
  page = wait(list_subscribers(context(), "alpha", page->next, 1));
  EXPECT_TRUE(page->subscribers.empty());
  EXPECT_TRUE(page->next.empty());
}

TEST_F(Procedures, ImportsAreRepeatable) {
  const auto batch = [] {
    std::vector<SubscriberDraft> drafts;
    for (int i = 0; i < 20; ++i) {
      const std::string name = "user" + std::to_string(i) + "@x.example";
      drafts.push_back(draft_of(name, {"sip:" + name}, kAnnKey, kAnnOpc));
    }
    drafts.push_back(draft_of("wrong", {"sip:w@x.example"}, kAnnKey, kAnnOpc));
    drafts.push_back(draft_of("user3@x.example", {"sip:w@x.example"}, kAnnKey, kAnnOpc));
    drafts.push_back(draft_of("late@x.example", {std::string(kAnnPublic)}, kAnnKey, kAnnOpc));
    return drafts;
  };
  auto report = wait(import_subscribers(&database(), "alpha", batch()));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->created, 20U);
  ASSERT_EQ(report->refused.size(), 3U);
  EXPECT_EQ(report->refused[0].error.code, Code::SubscriberInvalid);
  EXPECT_EQ(report->refused[1].error.code, Code::Duplicate);
  EXPECT_EQ(report->refused[2].error.code, Code::SubscriberTaken);
  report = wait(import_subscribers(&database(), "alpha", batch()));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->created, 0U);
  EXPECT_EQ(report->unchanged, 20U);
  // What is at hand is forgotten when an import changes it.
  ASSERT_TRUE(ask(request("user1@x.example", "sip:user1@x.example")));
  std::vector<SubscriberDraft> change;
  change.push_back(draft_of("user1@x.example", {"sip:other@x.example"}, kAnnKey, kAnnOpc));
  report = wait(import_subscribers(&database(), "alpha", std::move(change)));
  EXPECT_EQ(report->updated, 1U);
  EXPECT_EQ(refusal(request("user1@x.example", "sip:user1@x.example")), Code::PublicIdentityUnknown);
  std::vector<SubscriberDraft> many(kSubscriberImportMax + 1);
  EXPECT_EQ(wait(import_subscribers(&database(), "alpha", std::move(many))).error().code, Code::TooLarge);
}

// What S-CSCFs would hear, told by the changes that cause it.
struct Heard final : ServerNotices {
  Result<Unit> put(storage::Transaction&, Notice notice, const std::string& tenant, const Subscriber& subscriber,
                   const ServerState& server) override {
    EXPECT_EQ(tenant, "alpha");
    EXPECT_FALSE(subscriber.public_identities.empty());
    heard.emplace_back(notice, server.host);
    return Unit{};
  }
  void wake() override { ++woken; }
  std::vector<std::pair<Notice, std::string>> heard;
  int woken = 0;
};

TEST_F(Procedures, WhoServesHimHearsOfChanges) {
  Heard heard;
  database().use_notices(&heard);
  ASSERT_TRUE(ask(request()));
  using Told = std::vector<std::pair<Notice, std::string>>;
  const std::string host = "scscf1.alpha.example";
  const auto changed = [&](auto how) {
    SubscriberDraft draft;
    draft.private_identity = kAnn;
    how(draft);
    return wait(change_subscriber(&database(), "alpha", std::move(draft))).has_value();
  };
  EXPECT_TRUE(changed([](auto& d) { d.capabilities = std::vector<std::int64_t>{5}; }));
  EXPECT_EQ(heard.heard, (Told{{Notice::NewProfile, host}}));
  EXPECT_TRUE(changed([](auto& d) { d.is_enabled = false; }));
  EXPECT_EQ(heard.heard.back(), std::pair(Notice::EndOfRegistration, host));
  // Nobody serves him any more.
  EXPECT_TRUE(changed([](auto& d) { d.is_enabled = true; }));
  EXPECT_EQ(heard.heard.size(), 2U);
  ASSERT_TRUE(ask(request()));
  std::vector<SubscriberDraft> lines;
  lines.push_back(draft_of(kAnn, {std::string(kAnnPublic)}, kAnnKey, kAnnOpc));
  ASSERT_TRUE(wait(import_subscribers(&database(), "alpha", std::move(lines))));
  EXPECT_EQ(heard.heard.size(), 3U);
  EXPECT_EQ(heard.heard.back(), std::pair(Notice::NewProfile, host));
  ASSERT_TRUE(wait(remove_subscriber(&database(), "alpha", std::string(kAnn))));
  EXPECT_EQ(heard.heard.back(), std::pair(Notice::EndOfRegistration, host));
  EXPECT_EQ(heard.woken, 5);
  database().use_notices(nullptr);
}

TEST(NoticeRow, ComesBackAsItWas) {
  const NoticeRow row{Notice::EndOfRegistration, "alpha", "ann@x.y", "scscf.x.y", "x.y", {"sip:ann@x.y", "tel:+4917"}};
  const auto read = decode_notice(encode_notice(row));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->notice, row.notice);
  EXPECT_EQ(read->tenant, row.tenant);
  EXPECT_EQ(read->private_identity, row.private_identity);
  EXPECT_EQ(read->host, row.host);
  EXPECT_EQ(read->realm, row.realm);
  EXPECT_EQ(read->public_identities, row.public_identities);
  const NoticeRow profile{Notice::NewProfile, "alpha", "ann@x.y", "scscf.x.y", "", {}};
  ASSERT_TRUE(decode_notice(encode_notice(profile)));
  EXPECT_TRUE(decode_notice(encode_notice(profile))->public_identities.empty());
  std::string many = encode_notice(row);
  for (std::size_t i = 0; i < kPublicIdentitiesMax; ++i) many += std::string(1, '\0') + "sip:more@x.y";
  for (const std::string& wrong : {std::string(), std::string("rtr"), std::string("xyz\0a\0b\0c\0d", 11), many}) {
    EXPECT_EQ(decode_notice(wrong).error().code, Code::Corrupt) << wrong.size();
  }
}

}  // namespace
}  // namespace claviger::subscriber
