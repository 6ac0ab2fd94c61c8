// The hot path and the ordinary one: the same answers, and the ordinary one alone for everything that is not plain.
#include "broker/keys/delivery.h"

#include <gtest/gtest.h>

#include "broker/keys/date_time.h"
#include "broker/keys/user_policy.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::keys {
namespace {

using identity::Reply;
using identity::Sent;

class Bed : public KmsBed {
 public:
  explicit Bed(DomainDraft draft = {}) : KmsBed(std::move(draft)) { first_ = post("keyprov"); }

  Sent sent(const std::string& path, const std::string& body = {}) {
    Sent sent{http::Method::Post, std::string(kRootPath) + path, {}, body};
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + token());
    if (!body.empty()) sent.fields.emplace_back(http::Field::ContentType, "application/xml");
    return sent;
  }
  std::optional<Reply> at_hand(const Sent& sent) {
    auto response = send_inline(sent);
    return response ? std::optional(identity::reply_of(*std::move(response))) : std::nullopt;
  }
  // As the route's inline handler of that KMS would.
  bool is_given_by(Kms& kms) {
    const std::vector<std::string> rest{"keyprov"};
    http::Request request = this->request(sent("keyprov"));
    request.path_values = &rest;
    return wait(ask(&kms, context(), &request)).has_value();
  }
  std::string body(const std::string& path, std::string_view user = kAnn, std::int64_t skew = 0) {
    return "<KmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"><UserUri>" + std::string(user) +
           "</UserUri><KmsUri>" + std::string(kKmsUri) + "</KmsUri><Time>" + write_date_time(now() + skew) +
           "</Time><ClientReqUrl>" + std::string(kOrigin) + std::string(kRootPath) + path +
           "</ClientReqUrl></KmsRequest>";
  }
  const Reply& first() const { return first_; }

 private:
  static runtime::Task<std::optional<http::Response>> ask(Kms* kms, broker::Context* context,
                                                          const http::Request* request) {
    co_return deliver_at_hand(*kms, *context, *request);
  }

  Reply first_;
};

TEST(Delivery, AnswersAsTheOrdinaryWay) {
  Bed bed;
  ASSERT_EQ(bed.first().status, 200) << bed.first().body;
  const auto plain = bed.at_hand(bed.sent("keyprov"));
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->body, bed.first().body);
  EXPECT_EQ(plain->content_type, bed.first().content_type);
  EXPECT_EQ(plain->cache_control, "no-store");
  for (const std::string& path :
       {std::string("keyprov"), std::string("keyprov/sip%3Aann.ptt%40alpha.example"), "keyprov/" + std::string(kAnn)}) {
    const auto asked = bed.at_hand(bed.sent(path, bed.body(path)));
    ASSERT_TRUE(asked.has_value()) << path;
    EXPECT_EQ(element_of(asked->body, "UserPubTokenPVT"), element_of(bed.first().body, "UserPubTokenPVT"));
    EXPECT_EQ(element_of(asked->body, "ClientReqUrl"), std::string(kOrigin) + std::string(kRootPath) + path);
  }
}

TEST(Delivery, GivesBothPeriodsInTheLastPartOfOne) {
  Bed bed;
  const KeyPeriods periods = bed.domains().active()->domain.periods;
  bed.clock().advance(Seconds(periods.ends_at(*periods.number_at(bed.now())) - 3600 - bed.now()));
  Sent sent{http::Method::Post, std::string(kRootPath) + "keyprov", {}, {}};
  const std::string token = bed.fresh_token(kKmScope);
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + token);
  // The next one's may have been issued in advance by now, or not: this asks for them either way.
  const Reply ordinary = bed.post_as(token, "keyprov");
  const auto answer = bed.at_hand(sent);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, ordinary.body);
}

TEST(Delivery, LeavesEverythingElseToTheOrdinaryWay) {
  Bed bed;
  const std::string path = "keyprov";
  for (const Sent& sent :
       {bed.sent("init"), bed.sent("keyprovx"), bed.sent("keyprov/"), bed.sent("keyprov/sip%3Abob%40alpha.example"),
        bed.sent("keyprov/sip%253Aann.ptt%2540alpha.example"),
        bed.sent("keyprov/" + std::string(kAnn) + "/0000000000000000"),
        bed.sent(path, bed.body(path, "sip:bob@alpha.example")), bed.sent(path, bed.body(path, kAnn, 301)),
        bed.sent(path, bed.body("keyprov/x")), bed.sent(path, "<x/>")}) {
    EXPECT_FALSE(bed.at_hand(sent).has_value()) << sent.target << sent.body;
  }
  Sent without = bed.sent(path);
  without.fields.clear();
  EXPECT_FALSE(bed.at_hand(without).has_value());
  Sent excluded = bed.sent(path);
  excluded.fields.emplace_back(http::Field::Accept, "text/html");
  EXPECT_FALSE(bed.at_hand(excluded).has_value());
}

TEST(Delivery, RevocationHoldsAtOnce) {
  Bed bed;
  ASSERT_TRUE(bed.at_hand(bed.sent("keyprov")).has_value());
  ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "lost")).has_value());
  EXPECT_FALSE(bed.at_hand(bed.sent("keyprov")).has_value());
  EXPECT_EQ(bed.post("keyprov").status, 410);
  ASSERT_TRUE(bed.wait(identity::set_client_enabled(bed.context(), "alpha", "app", false)).has_value());
  EXPECT_FALSE(bed.at_hand(bed.sent("keyprov")).has_value());
}

TEST(Delivery, WhoWasRestoredIsServedAsBefore) {
  Bed bed;
  const auto before = bed.at_hand(bed.sent("keyprov"));
  ASSERT_TRUE(before.has_value());
  for (int time = 0; time < 2; ++time) {
    ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "lost")).has_value());
    ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "again")).has_value());
    EXPECT_FALSE(bed.at_hand(bed.sent("keyprov")).has_value());
    ASSERT_TRUE(bed.wait(restore_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn))).has_value());
    ASSERT_TRUE(bed.wait(restore_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn))).has_value());
    const auto after = bed.at_hand(bed.sent("keyprov"));
    ASSERT_TRUE(after.has_value()) << "no other start is needed";
    EXPECT_EQ(after->body, before->body);
  }
}

TEST(Delivery, RevocationHoldsAfterARestart) {
  Bed bed;
  EXPECT_TRUE(bed.is_given_by(bed.start_again()));
  ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "lost")).has_value());
  Kms& after = bed.start_again();
  EXPECT_FALSE(bed.is_given_by(after));
  // It is the filter that says so, and not because it knows nobody.
  EXPECT_FALSE(after.policies().may_have(user_policy_key("alpha", "sip:bob@alpha.example")));
  ASSERT_TRUE(bed.wait(restore_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn))).has_value());
  EXPECT_EQ(bed.post("keyprov").body, bed.first().body);
}

TEST(Delivery, BehindAProxyItIsNotForThisWay) {
  Bed bed;
  ASSERT_TRUE(bed.at_hand(bed.sent("keyprov")).has_value());
  const auto network = settings::Network::parse(bed.peer().address + "/32");
  ASSERT_TRUE(network.has_value());
  bed.settings().trusted_proxies.push_back(*network);
  bed.publish();
  EXPECT_FALSE(bed.at_hand(bed.sent("keyprov")).has_value());
}

TEST(Delivery, WhatMustBeSignedOrWrappedIsNotForThisWay) {
  DomainDraft draft;
  draft.policy.needs_signature = true;
  Bed bed(std::move(draft));
  EXPECT_EQ(bed.first().status, 403);
  EXPECT_FALSE(bed.at_hand(bed.sent("keyprov")).has_value());
}

}  // namespace
}  // namespace claviger::keys
