// Who is answered over Cx: a service on a node, and peers that say of which realm they are.
#include "broker/subscriber/cx_service.h"

#include <gtest/gtest.h>

#include "broker/subscriber/cx.h"
#include "tests/broker/subscriber/subscriber_bed.h"
#include "tests/core/diameter/node_world.h"

namespace claviger::subscriber {
namespace {

using namespace diameter::samples;

// The service's answers come before the database is asked: it has a shard of its own here, not the node's.
struct CxServiceWorld : testing::Test {
  SubscriberBed bed;
  std::unique_ptr<CxService> service;  // outlives the node
  NodeWorld world;

  CxServiceWorld() {
    world.start([&](diameter::Node& node) {
      service = std::make_unique<CxService>(node, bed.database(), "alpha");
      service->serve();
    });
  }
  BarePeer& connected(const std::string& identity, const std::string& realm) {
    diameter::PeerOptions known;
    known.identity = identity;
    known.realm = realm;
    world.admit(std::move(known));
    world.peers.push_back(std::make_unique<BarePeer>(identity, realm));
    BarePeer& peer = *world.peers.back();
    peer.connect(world.address);
    peer.say_cer(cx::kApplication);
    EXPECT_TRUE(world.run([&] { return !peer.heard.empty(); }));
    EXPECT_EQ(peer.heard.front().result(), 2001U);
    return peer;
  }
  // A MAR without a server's name, from `origin_realm` by its own word: 5004 is of who may ask.
  std::uint32_t result_of_mar(BarePeer& peer, const std::string& origin_realm) {
    diameter::Header header = request_header(cx::kApplication, cx::command::kMultimediaAuth);
    header.end_to_end = ++number_;
    const std::string application =
        avp_u32(diameter::avp::kVendorId, cx::kVendor) + avp_u32(diameter::avp::kAuthApplicationId, cx::kApplication);
    peer.heard.clear();
    peer.say(message(
        header, avp_of(diameter::avp::kSessionId, "s;1;" + std::to_string(number_)) +
                    avp_of(diameter::avp::kVendorSpecificApplicationId, application) +
                    avp_u32(diameter::avp::kAuthSessionState, 1) + avp_of(diameter::avp::kOriginHost, peer.identity()) +
                    avp_of(diameter::avp::kOriginRealm, origin_realm) +
                    avp_of(diameter::avp::kDestinationRealm, "here.example") + avp_of(diameter::avp::kUserName, kAnn) +
                    avp_of(cx::avp::kPublicIdentity, kAnnPublic) + avp_u32(cx::avp::kSipNumberAuthItems, 1) +
                    avp_of(cx::avp::kSipAuthDataItem, avp_of(cx::avp::kSipAuthenticationScheme, "Digest-AKAv1-MD5")) +
                    avp_of(cx::avp::kServerName, "")));
    EXPECT_TRUE(world.run([&] { return !peer.heard.empty(); }));
    return peer.heard.empty() ? 0 : peer.heard.front().result();
  }
  std::uint32_t number_ = 0;
};

constexpr std::uint32_t kRejected = 5003;
constexpr std::uint32_t kMayAsk = 5004;

// Home's part of the sequence numbers is for cores of our realm and below it; a partner's node is of neither by saying so.
TEST_F(CxServiceWorld, WhoIsOfAnotherRealmSpeaksForNoneOfOurs) {
  BarePeer& stranger = connected("node.far.example", "far.example");
  for (const std::string realm : {"here.example", "x.here.example", "X.Ims.HERE.example"}) {
    EXPECT_EQ(result_of_mar(stranger, realm), kRejected) << realm;
  }
  // Nor is what ends like ours, and its own.
  for (const std::string realm : {"far.example", "nothere.example"}) {
    EXPECT_EQ(result_of_mar(stranger, realm), kMayAsk) << realm;
  }
}

TEST_F(CxServiceWorld, ACoreBelowOurRealmSpeaksForIt) {
  BarePeer& below = connected("scscf.ims.here.example", "ims.here.example");
  EXPECT_EQ(result_of_mar(below, "ims.here.example"), kMayAsk);
  EXPECT_EQ(result_of_mar(below, "here.example"), kMayAsk);
  BarePeer& own = connected("scscf.here.example", "here.example");
  EXPECT_EQ(result_of_mar(own, "here.example"), kMayAsk);
  EXPECT_EQ(result_of_mar(own, "ims.here.example"), kMayAsk);
}

}  // namespace
}  // namespace claviger::subscriber
