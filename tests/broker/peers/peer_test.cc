#include "broker/peers/peer.h"

#include <gtest/gtest.h>

namespace claviger::peers {
namespace {

DiameterPeer in_the_clear() {
  DiameterPeer peer;
  peer.identity = "scscf.alpha.example";
  peer.realm = "alpha.example";
  peer.is_tls = false;
  return peer;
}
diameter::PeerOptions options_of(const DiameterPeer& peer) { return peers::options_of(peer, true); }

storage::Value value_of(const DiameterPeer& peer) { return storage::Value::owned(encode_peer(peer, 7), 1, 0); }

TEST(DiameterPeer, IsKeptWithItsAddresses) {
  DiameterPeer peer = in_the_clear();
  peer.addresses = {"192.0.2.0/24", "2001:db8::1"};
  EXPECT_EQ(*decode_peer(value_of(peer)), peer);
}

// What is not said stays; a list with an empty text alone is one without anything.
TEST(DiameterPeer, IsChangedByWhatIsSaid) {
  DiameterPeer peer = in_the_clear();
  peer.addresses = {"192.0.2.0/24"};
  peer.realms = {"alpha.example"};
  EXPECT_EQ(changed_peer(peer, {}), peer);
  PeerChange wanted;
  wanted.host = "192.0.2.9";
  wanted.port = 3869;
  wanted.is_tls = true;
  wanted.addresses = std::vector<std::string>{""};
  wanted.weight = 7;
  DiameterPeer expected = peer;
  expected.host = "192.0.2.9";
  expected.port = 3869;
  expected.is_tls = true;
  expected.addresses.clear();
  expected.weight = 7;
  EXPECT_TRUE(what_is_wrong(changed_peer(peer, wanted))) << "of a new peer it is no address";
  empty_lists(wanted);
  EXPECT_EQ(changed_peer(peer, wanted), expected);
  wanted.realms = std::vector<std::string>{"", "alpha.example"};
  empty_lists(wanted);
  EXPECT_TRUE(what_is_wrong(changed_peer(peer, wanted)));
}

// Of a build that knew none: the field is not there.
TEST(DiameterPeer, OfFormerBuildsHasNone) {
  const DiameterPeer peer = in_the_clear();
  const auto read = decode_peer(value_of(peer));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, peer);
  EXPECT_TRUE(may_be_anybody(options_of(*read)));
  EXPECT_FALSE(options_of(*read).admits);
}

TEST(DiameterPeer, ComesFromItsNetworks) {
  DiameterPeer peer = in_the_clear();
  peer.addresses = {"192.0.2.0/24", "2001:db8::/32"};
  const auto options = options_of(peer);
  EXPECT_FALSE(may_be_anybody(options));
  for (const char* address : {"192.0.2.1", "::ffff:192.0.2.1", "2001:db8:1::1"}) EXPECT_TRUE(options.admits(address));
  for (const char* address : {"192.0.3.1", "2001:db9::1", "", "scscf.alpha.example"}) {
    EXPECT_FALSE(options.admits(address)) << address;
  }
}

// Where we call it, it is; a name says nothing of where, and TLS says who.
TEST(DiameterPeer, ComesFromWhereWeCallIt) {
  DiameterPeer peer = in_the_clear();
  peer.host = "192.0.2.7";
  const auto options = options_of(peer);
  EXPECT_TRUE(options.admits("192.0.2.7"));
  EXPECT_FALSE(options.admits("192.0.2.8"));
  EXPECT_EQ(options.addresses, std::vector<std::string>{"192.0.2.7"});
  peer.addresses = {"192.0.2.8"};
  EXPECT_FALSE(options_of(peer).admits("192.0.2.7"));
  peer.addresses.clear();
  peer.host = "scscf.alpha.example";
  EXPECT_TRUE(may_be_anybody(options_of(peer)));
  peer.host = "192.0.2.7";
  peer.is_tls = true;
  EXPECT_FALSE(options_of(peer).admits);
  EXPECT_FALSE(may_be_anybody(options_of(peer)));
}

TEST(DiameterPeer, IsRefusedWithAddressesThatAreNone) {
  DiameterPeer peer = in_the_clear();
  for (const char* wrong : {"", "192.0.2.1/24", "192.0.2.0/33", "far.example", "*"}) {
    peer.addresses = {wrong};
    EXPECT_TRUE(what_is_wrong(peer)) << wrong;
  }
  peer.addresses.assign(settings::kPeerAddressesMax, "192.0.2.1");
  EXPECT_FALSE(what_is_wrong(peer));
  peer.addresses.emplace_back("192.0.2.1");
  EXPECT_TRUE(what_is_wrong(peer));
}

}  // namespace
}  // namespace claviger::peers
