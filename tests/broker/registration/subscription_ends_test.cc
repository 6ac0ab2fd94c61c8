// Which subscriptions end with which binding: those of its service and of its identity, and no others.
#include <gtest/gtest.h>

#include "tests/broker/registration/registration_bed.h"

namespace claviger::registration {
namespace {

constexpr std::string_view kOther = "sip:other@ims.alpha.example";

class EndsBed : public RegistrationBed {
 public:
  EndsBed() {
    EXPECT_EQ(register_at(), Code::Closed);
    EXPECT_EQ(register_at(3600, kOther), Code::Closed);
  }
  // Ann's client, of whichever service, at whichever identity.
  Result<PublishOutcome> bind_at(std::string_view impu, std::string client, std::string service = "mcptt",
                                 std::uint32_t csk = 0) {
    PublishRequest one = publication(impu);
    one.authorisation = authorisation(std::move(client));
    one.authorisation->service = std::move(service);
    one.authorisation->csk_id = csk;
    return publish_it(std::move(one));
  }
  Code leave(std::string_view impu, std::string etag) {
    PublishRequest one = publication(impu);
    one.expires = 0;
    one.settings.reset();
    one.if_match = std::move(etag);
    return code_of(publish_it(std::move(one)));
  }
  std::string subscribe_at(std::string_view impu, std::string service = "mcptt") {
    auto request = std::make_shared<SubscribeRequest>();
    Subscription& one = request->subscription;
    one.resource = keys::kAnn;
    one.service = std::move(service);
    one.subscriber = impu;
    one.dialog.call_id = one.dialog.remote_tag = "c";
    one.dialog.local_uri = kPsi;
    one.dialog.remote_uri = impu;
    one.dialog.remote_target = "sip:127.0.0.1:1;transport=tcp";
    one.dialog.remote_sequence = 1;
    const auto outcome = wait(subscribe(registrar(), std::move(request)));
    EXPECT_TRUE(outcome);
    return outcome ? outcome->local_tag : std::string();
  }
  std::string ending(const std::string& tag) {
    const auto found = wait(read_subscription(registrar(), tag));
    EXPECT_TRUE(found);
    return found ? found->life.ending : std::string("nowhere");
  }
  std::size_t clients_at(std::string_view impu) {
    const auto found = wait(read_registration(registrar(), std::string(impu)));
    EXPECT_TRUE(found);
    return found ? found->bindings.size() : 0;
  }
};

// TS 23.280 clause 10.1.4.1: the same ID may be a user's for all services; each of them is logged off by itself.
TEST(SubscriptionEnds, OfOneServiceAreNotTheOthers) {
  EndsBed bed;
  const auto ptt = bed.bind_at(kImpu, "c");
  const auto video = bed.bind_at(kImpu, "v", "mcvideo");
  ASSERT_TRUE(ptt && video);
  const std::string of_ptt = bed.subscribe_at(kImpu);
  const std::string of_video = bed.subscribe_at(kImpu, "mcvideo");
  EXPECT_EQ(bed.leave(kImpu, video->etag), Code::Closed);
  EXPECT_EQ(bed.ending(of_video), "noresource");
  EXPECT_EQ(bed.ending(of_ptt), "");
  EXPECT_EQ(bed.leave(kImpu, ptt->etag), Code::Closed);
  EXPECT_EQ(bed.ending(of_ptt), "noresource");
}

TEST(SubscriptionEnds, WithTheLastClientOfTheUserOnly) {
  EndsBed bed;
  const auto first = bed.bind_at(kImpu, "c");
  const auto second = bed.bind_at(kImpu, "d");
  ASSERT_TRUE(first && second);
  const std::string tag = bed.subscribe_at(kImpu);
  EXPECT_EQ(bed.leave(kImpu, first->etag), Code::Closed);
  EXPECT_EQ(bed.ending(tag), "");
  EXPECT_EQ(bed.leave(kImpu, second->etag), Code::Closed);
  EXPECT_EQ(bed.ending(tag), "noresource");
}

// A client that is authorised at another identity has left the one before.
TEST(SubscriptionEnds, WhenTheClientIsAtAnotherIdentity) {
  EndsBed bed;
  ASSERT_TRUE(bed.bind_at(kImpu, "c"));
  ASSERT_TRUE(bed.bind_at(kImpu, "d"));
  const std::string there = bed.subscribe_at(kImpu);
  ASSERT_TRUE(bed.bind_at(kOther, "c"));
  EXPECT_EQ(bed.clients_at(kImpu), 1U);
  EXPECT_EQ(bed.clients_at(kOther), 1U);
  EXPECT_EQ(bed.ending(there), "") << "another client is there";
  const std::string here = bed.subscribe_at(kOther);
  ASSERT_TRUE(bed.bind_at(kOther, "d"));
  EXPECT_EQ(bed.clients_at(kImpu), 0U);
  EXPECT_EQ(bed.ending(there), "noresource");
  EXPECT_EQ(bed.ending(here), "");
  EXPECT_EQ(bed.register_at(0), Code::Closed);
  EXPECT_TRUE(bed.has_access("c"));
  EXPECT_EQ(bed.ending(here), "") << "nor does the former identity's end concern it";
}

// Two clients of one REGISTER leave the same identity: both are out of its record.
TEST(SubscriptionEnds, WhenARegisterBringsBothClients) {
  EndsBed bed;
  ASSERT_TRUE(bed.bind_at(kImpu, "c"));
  ASSERT_TRUE(bed.bind_at(kImpu, "v", "mcvideo"));
  const std::string of_ptt = bed.subscribe_at(kImpu);
  const std::string of_video = bed.subscribe_at(kImpu, "mcvideo");
  auto request = std::make_shared<RegisterRequest>();
  request->impu = kOther;
  request->expires = 3600;
  request->authorisations = {bed.authorisation("c"), bed.authorisation("v")};
  request->authorisations.back().service = "mcvideo";
  EXPECT_TRUE(bed.wait(register_identity(bed.registrar(), std::move(request))));
  EXPECT_EQ(bed.clients_at(kImpu), 0U);
  EXPECT_EQ(bed.clients_at(kOther), 2U);
  EXPECT_EQ(bed.ending(of_ptt), "noresource");
  EXPECT_EQ(bed.ending(of_video), "noresource");
}

// K ends with A: the key that the client had at the identity it left goes, unless another client there has it.
TEST(SubscriptionEnds, AKeyStaysWithWhoIsLeft) {
  EndsBed bed;
  const auto put = [&bed](std::uint32_t id) {
    auto request = std::make_shared<RegisterRequest>();
    request->impu = kImpu;
    request->expires = 3600;
    auto key = std::make_shared<ClientServerKey>();
    key->impu = kImpu;
    key->id = id;
    key->mc_service_id = key->user_uri = keys::kAnn;
    key->message_digest = "digest";
    key->sealed = "sealed";
    request->uploaded.push_back(std::move(key));
    EXPECT_TRUE(bed.wait(register_identity(bed.registrar(), std::move(request))));
  };
  const auto has_key = [&bed](std::uint32_t id) {
    return bed.wait(read_client_server_key(bed.registrar(), std::string(kImpu), id)).has_value();
  };
  put(7);
  ASSERT_TRUE(bed.bind_at(kImpu, "c", "mcptt", 7));
  ASSERT_TRUE(bed.bind_at(kImpu, "d", "mcptt", 7));
  ASSERT_TRUE(bed.bind_at(kOther, "c"));
  EXPECT_TRUE(has_key(7)) << "the other client has it";
  ASSERT_TRUE(bed.bind_at(kOther, "d"));
  EXPECT_FALSE(has_key(7));
}

}  // namespace
}  // namespace claviger::registration
