// The hot way of signed and wrapped keys and the ordinary one: the same answers, and the ordinary one alone for what is not
// canonical, not at hand, or to be refused.
#include "broker/keys/signed_delivery.h"

#include <gtest/gtest.h>

#include "broker/keys/user_policy.h"
#include "tests/broker/keys/protected_bed.h"

namespace claviger::keys {
namespace {

using identity::Reply;

const std::string kTrkText = "<TrK-ID>" + kTrkId + "</TrK-ID>";

class Bed : public ProtectedBed {
 public:
  explicit Bed(DomainDraft draft = {}) : ProtectedBed(std::move(draft)) {
    issued_ = ask("keyprov", request_text(now(), "keyprov", kTrkText));
    EXPECT_EQ(issued_.status, 200) << issued_.body;
  }
  // Signed by the InK; each `number` another request.
  std::string body(int number, std::string_view path = "keyprov", const std::string& more = kTrkText) {
    return signed_text(request_text(now() - number, path, more), kInkId, kInk);
  }
  using Delivered = Result<std::optional<http::Response>>;
  Delivered deliver(const std::string& text, const std::string& path = "keyprov") {
    return deliver_by(kms(), text, path);
  }
  Delivered deliver_by(Kms& kms, const std::string& text, const std::string& path = "keyprov") {
    identity::Sent sent{http::Method::Post, std::string(kRootPath) + path, {}, text};
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + token());
    sent.fields.emplace_back(http::Field::ContentType, "application/xml");
    const http::Request request = this->request(sent);
    return wait(deliver_signed(&kms, context(), &request, &path));
  }
  bool is_delivered(const std::string& text, const std::string& path = "keyprov") {
    const auto delivered = deliver(text, path);
    EXPECT_TRUE(delivered.has_value()) << claviger::name_of(delivered.error().code);
    return delivered.has_value() && delivered->has_value();
  }

 private:
  Reply issued_;
};

TEST(SignedDelivery, AnswersAsTheOrdinaryWay) {
  Bed bed;
  // The same after canonicalisation, and not to the letter: for the ordinary way.
  const std::string other = replaced(bed.body(1), "\"></DigestMethod>", "\"/>");
  EXPECT_FALSE(bed.is_delivered(other));
  const Reply ordinary = bed.ask("keyprov", other);
  ASSERT_EQ(ordinary.status, 200) << ordinary.body;
  auto delivered = bed.deliver(bed.body(2));
  ASSERT_TRUE(delivered && *delivered);
  EXPECT_TRUE((*delivered)->is_secret);
  const Reply reply = identity::reply_of(**std::move(delivered));
  EXPECT_EQ(reply.body, ordinary.body);
  EXPECT_EQ(reply.content_type, ordinary.content_type);
  EXPECT_EQ(reply.status, 200);
  const std::string path = "keyprov/sip%3Aann.ptt%40alpha.example";
  EXPECT_TRUE(bed.is_delivered(bed.body(3, path), path));
}

TEST(SignedDelivery, ServesNoRequestTwice) {
  Bed bed;
  const std::string text = bed.body(1);
  ASSERT_TRUE(bed.is_delivered(text));
  EXPECT_TRUE(bed.deliver(text).failed_with(Code::RequestReplayed));
  const Reply again = bed.ask("keyprov", text);
  expect_error(again, 400, "1003");
  EXPECT_EQ(element_of(again.body, "UserUri"), kAnn);
  EXPECT_EQ(element_of(again.body, "ClientReqUrl"), std::string(kOrigin) + std::string(kRootPath) + "keyprov");
  // Nor after the ordinary way served it, or in another spelling.
  const std::string second = bed.body(2);
  ASSERT_EQ(bed.ask("keyprov", replaced(second, "\"></DigestMethod>", "\"/>")).status, 200);
  EXPECT_TRUE(bed.deliver(second).failed_with(Code::RequestReplayed));
}

TEST(SignedDelivery, LeavesEverythingElseToTheOrdinaryWay) {
  Bed bed;
  const std::string good = bed.body(1);
  for (const std::string& text :
       {request_text(bed.now(), "keyprov", kTrkText), replaced(good, "d1", "d2"), bed.body(2, "keyprov", ""),
        bed.body(2, "keyprov", "<TrK-ID>trk.9.ann</TrK-ID>"), bed.body(2, "keyprov", "<TrK-ID>" + kInkId + "</TrK-ID>"),
        bed.body(2, "keyprov", kTrkText + "<Signature-ID>ink.9.ann</Signature-ID>"), bed.body(301), bed.body(2, "init"),
        signed_text(request_text(bed.now(), "keyprov", kTrkText), kTrkId, kTrk),
        signed_text(request_text(bed.now(), "keyprov", kTrkText), kInkId, kTrk),
        signed_text(replaced(request_text(bed.now(), "keyprov", kTrkText), std::string(kAnn), "sip:bob@alpha.example"),
                    kInkId, kInk)}) {
    EXPECT_FALSE(bed.is_delivered(text)) << text;
  }
  EXPECT_FALSE(bed.is_delivered(bed.body(2, "init"), "init"));
  EXPECT_FALSE(bed.is_delivered(bed.body(2, "keyprov/sip%3Abob%40alpha.example"), "keyprov/sip%3Abob%40alpha.example"));
  const std::string dated = "keyprov/" + std::string(kAnn) + "/0000000000000000";
  EXPECT_FALSE(bed.is_delivered(bed.body(2, dated), dated));
  // None of them was remembered as served.
  EXPECT_TRUE(bed.is_delivered(good));
}

TEST(SignedDelivery, KeysThatAreNotIssuedYetAreForTheOrdinaryWay) {
  ProtectedBed bed;
  const std::string text = signed_text(request_text(bed.now(), "keyprov", kTrkText), kInkId, kInk);
  const Reply reply = bed.ask("keyprov", text);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_NE(reply.body.find("EncryptedKey"), std::string::npos);
}

TEST(SignedDelivery, OfferedKeysAreForTheOrdinaryWay) {
  Bed bed;
  const auto is_news = [](const Reply& reply) { return reply.body.find("<NewIntegrityKey") != std::string::npos; };
  bed.add(TransportKeyKind::Ink, "ink.3.ann", std::string(32, 'x'), true, "d3");
  EXPECT_FALSE(bed.is_delivered(bed.body(1)));  // it is another device's: looked at there
  EXPECT_FALSE(is_news(bed.ask("keyprov", bed.body(2))));
  const std::string next(32, 'n');
  bed.add(TransportKeyKind::Ink, "ink.2.ann", next, true);
  EXPECT_FALSE(bed.is_delivered(bed.body(3)));
  EXPECT_TRUE(is_news(bed.ask("keyprov", bed.body(4))));
  // The one is withdrawn, the other taken up: nothing is offered any more.
  ASSERT_TRUE(bed.wait(remove_transport_key(bed.context(), "alpha", std::string(kAnn), "ink.3.ann")).has_value());
  EXPECT_FALSE(bed.is_delivered(bed.body(5)));
  const std::string used = signed_text(request_text(bed.now(), "keyprov", kTrkText), "ink.2.ann", next);
  EXPECT_FALSE(bed.is_delivered(used));
  ASSERT_EQ(bed.ask("keyprov", used).status, 200);
  EXPECT_TRUE(bed.is_delivered(signed_text(request_text(bed.now() - 1, "keyprov", kTrkText), "ink.2.ann", next)));
}

TEST(SignedDelivery, AWithdrawnOfferIsLookedForNoMore) {
  Bed bed;
  bed.add(TransportKeyKind::Trk, "trk.2.ann", std::string(32, 'x'), true);
  EXPECT_FALSE(bed.is_delivered(bed.body(1)));
  ASSERT_TRUE(bed.wait(remove_transport_key(bed.context(), "alpha", std::string(kAnn), "trk.2.ann")).has_value());
  EXPECT_TRUE(bed.is_delivered(bed.body(2)));
}

TEST(SignedDelivery, RevocationHoldsAtOnce) {
  Bed bed;
  ASSERT_TRUE(bed.is_delivered(bed.body(1)));
  ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "lost")).has_value());
  EXPECT_TRUE(bed.deliver(bed.body(2)).failed_with(Code::KeysRevoked));
  const Reply reply = bed.ask("keyprov", bed.body(3));
  expect_error(reply, 410, "1203");
  EXPECT_EQ(element_of(reply.body, "UserUri"), kAnn);
  ASSERT_TRUE(bed.wait(identity::set_client_enabled(bed.context(), "alpha", "app", false)).has_value());
  EXPECT_FALSE(bed.is_delivered(bed.body(4)));
}

TEST(SignedDelivery, RevocationHoldsAfterARestart) {
  Bed bed;
  auto before = bed.deliver_by(bed.start_again(), bed.body(1));
  ASSERT_TRUE(before && *before);
  ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "lost")).has_value());
  Kms& after = bed.start_again();
  EXPECT_TRUE(bed.deliver_by(after, bed.body(2)).failed_with(Code::KeysRevoked));
  EXPECT_FALSE(after.policies().may_have(user_policy_key("alpha", "sip:bob@alpha.example")));
  // What was served before is not served again, either.
  EXPECT_TRUE(bed.deliver_by(after, bed.body(1)).failed_with(Code::RequestReplayed));
}

TEST(SignedDelivery, BehindAProxyKeysLeaveUnderTheTrk) {
  Bed bed;
  bed.settings().trusted_proxies.push_back(*settings::Network::parse(bed.peer().address + "/32"));
  bed.publish();
  auto delivered = bed.deliver(bed.body(1));
  ASSERT_TRUE(delivered && *delivered);
  EXPECT_EQ(identity::reply_of(**std::move(delivered)).body.find("\"KeyContentType\""), std::string::npos);
}

}  // namespace
}  // namespace claviger::keys
