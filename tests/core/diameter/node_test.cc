#include "core/diameter/node.h"

#include <gtest/gtest.h>

#include "core/diameter/node_shard.h"
#include "core/diameter/relay.h"
#include "tests/core/diameter/node_world.h"

namespace claviger::diameter {
namespace {

using namespace samples;
using namespace std::chrono_literals;

struct DiameterPeers : testing::Test {
  NodeWorld world;
  Relay relay;
  void start() {
    world.start([&](Node& node) { node.serve(kApplication, kCommand, relay, Check::Routing); });
  }
  Heard ask(BarePeer& peer, const std::string& bytes) {
    peer.heard.clear();
    peer.say(bytes);
    EXPECT_TRUE(world.run([&] { return !peer.heard.empty(); }));
    return peer.heard.empty() ? Heard{} : peer.heard.front();
  }
};

TEST_F(DiameterPeers, ExchangeCapabilities) {  // RFC 6733 clause 5.3
  start();
  world.admit(NodeWorld::known("Peer.Far.example"));
  BarePeer& peer = world.add("peer.far.example");  // names are compared without regard to case
  peer.connect(world.address);
  peer.say_cer();
  ASSERT_TRUE(world.run([&] { return !peer.heard.empty(); }));
  const Heard& answer = peer.heard.front();
  EXPECT_EQ(answer.result(), 2001U);
  EXPECT_EQ(answer.header().command, 257U);
  EXPECT_EQ(answer.header().flags, 0);
  EXPECT_EQ(answer.text(avp::kOriginHost), "Node.Here.example");
  EXPECT_EQ(answer.text(avp::kProductName), "Claviger");
  EXPECT_EQ(answer.find(avp::kHostIpAddress)->data().size(), 6U);
  // Each of the three ways to tell a vendor's application.
  EXPECT_EQ(answer.find(avp::kSupportedVendorId)->u32(), kVendor);
  EXPECT_EQ(answer.find(avp::kAuthApplicationId)->u32(), kApplication);
  const auto specific = answer.find(avp::kVendorSpecificApplicationId);
  ASSERT_TRUE(specific);
  EXPECT_EQ(find_in_group(*specific, avp::kAuthApplicationId)->u32(), kApplication);
  EXPECT_TRUE(world.node->is_connected("PEER.far.example"));
  EXPECT_EQ(world.figures("Peer.Far.example").state, PeerState::Okay);
}

TEST_F(DiameterPeers, AreRefused) {
  start();
  world.admit(NodeWorld::known("known.far.example"));
  const auto first_answer = [&](const std::string& identity, const std::string& bytes) {
    BarePeer& peer = world.add(identity);
    peer.connect(world.address);
    const Heard answer = ask(peer, bytes);
    EXPECT_TRUE(world.run([&] { return peer.is_closed; }));
    return answer;
  };
  const auto cer = [&](const BarePeer& peer, std::uint32_t application, const std::string& more = {}) {
    return message(BarePeer::base(257, true), peer.capabilities(application) + more);
  };
  const BarePeer stranger("stranger.example");
  const BarePeer known("known.far.example");
  const Heard unknown = first_answer("stranger.example", cer(stranger, kApplication));
  EXPECT_EQ(unknown.result(), 3010U);
  EXPECT_TRUE(unknown.header().is_error());
  EXPECT_EQ(first_answer("k", cer(known, 4)).result(), 5010U);
  EXPECT_EQ(first_answer("k", cer(known, kApplication, avp_u32(avp::kInbandSecurityId, 1))).result(), 5017U);
  const BarePeer elsewhere("known.far.example", "wrong.example");
  EXPECT_EQ(first_answer("k", cer(elsewhere, kApplication)).result(), 3010U);
  const Heard missing = first_answer("k", message(BarePeer::base(257, true), known.origin()));
  EXPECT_EQ(missing.result(), 5005U);
  EXPECT_TRUE(missing.find(avp::kFailedAvp));
}

// Without TLS nothing but the address says who it is: the name alone neither lets in nor ends a connection that is there.
TEST_F(DiameterPeers, AreKnownByWhereTheyComeFrom) {
  start();
  PeerOptions sited = NodeWorld::known("sited.far.example");
  sited.addresses = {"127.0.0.1"};
  sited.admits = [](std::string_view address) { return address == "127.0.0.1"; };
  world.admit(sited);
  const auto cer = [](const BarePeer& peer, std::uint32_t state) {
    return message(BarePeer::base(257, true), peer.capabilities(kApplication, state));
  };
  const auto told_elsewhere = [&](std::uint32_t state) {
    BarePeer& other = world.add("sited.far.example");
    other.connect(world.address, "127.0.0.2");
    const Heard answer = ask(other, cer(other, state));
    EXPECT_TRUE(world.run([&] { return other.is_closed; }));
    EXPECT_EQ(answer.count(avp::kAuthApplicationId), 0U);  // as any stranger
    return answer.result();
  };
  EXPECT_EQ(told_elsewhere(1), 3010U);
  EXPECT_FALSE(world.node->is_connected("sited.far.example"));
  BarePeer& peer = world.add("sited.far.example");
  peer.connect(world.address, "127.0.0.1");
  EXPECT_EQ(ask(peer, cer(peer, 1)).result(), 2001U);
  // "Restarted" (clause 8.16): a peer's own word would close what is there.
  EXPECT_EQ(told_elsewhere(2), 3010U);
  world.settle();
  EXPECT_FALSE(peer.is_closed);
  EXPECT_TRUE(world.node->is_connected("sited.far.example"));
  EXPECT_EQ(world.figures("sited.far.example").refused, 2U);
  EXPECT_EQ(world.figures("sited.far.example").addresses, sited.addresses);
}

// RFC 6733 clause 13: whoever connects and says nothing keeps nobody out, from one address or from many.
TEST_F(DiameterPeers, SilentStrangersKeepNobodyOut) {
  start();
  std::vector<BarePeer*> silent;
  const auto come_from = [&](const std::string& source, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      silent.push_back(&world.add("silent.example"));
      silent.back()->connect(world.address, source.c_str());
      if (i % 32 == 31) world.run([turns = 0]() mutable { return ++turns > 3; });
    }
    world.settle();
  };
  const auto living = [&] {
    return static_cast<std::size_t>(
        std::ranges::count_if(silent, [](const BarePeer* each) { return !each->is_closed; }));
  };
  come_from("127.0.0.2", kStrangersMax + kStrangersOfSourceMax);
  EXPECT_EQ(living(), kStrangersOfSourceMax);
  EXPECT_TRUE(silent.front()->is_closed);
  EXPECT_FALSE(silent.back()->is_closed);
  world.connected("one.far.example");
  for (std::size_t n = 3; n < 3 + kStrangersMax / kStrangersOfSourceMax; ++n) {
    come_from("127.0.0." + std::to_string(n), kStrangersOfSourceMax);
  }
  EXPECT_EQ(living(), kStrangersMax);
  world.connected("two.far.example");
  EXPECT_EQ(living(), kStrangersMax - 1);
  world.pass(kStrangerMax + 250ms);
  EXPECT_EQ(living(), 0U);
  EXPECT_TRUE(world.node->is_connected("one.far.example"));
  EXPECT_TRUE(world.node->is_connected("two.far.example"));
}

TEST_F(DiameterPeers, ARelayHasEveryApplication) {
  start();
  world.admit(NodeWorld::known("known.far.example"));
  BarePeer& peer = world.add("known.far.example");
  peer.connect(world.address);
  peer.say_cer(kRelayApplication);
  ASSERT_TRUE(world.run([&] { return !peer.heard.empty(); }));
  EXPECT_EQ(peer.heard.front().result(), 2001U);
}

TEST_F(DiameterPeers, SpeakCapabilitiesFirst) {  // RFC 6733 clause 5.6
  start();
  world.admit(NodeWorld::known("known.far.example"));
  BarePeer& peer = world.add("known.far.example");
  peer.connect(world.address);
  peer.say(message(BarePeer::base(280, true), peer.origin()));
  EXPECT_TRUE(world.run([&] { return peer.is_closed; }));
  EXPECT_TRUE(peer.heard.empty());
  BarePeer& silent = world.add("silent");
  silent.connect(world.address);
  world.settle();
  world.pass(11s);
  EXPECT_TRUE(world.run([&] { return silent.is_closed; }));
}

TEST_F(DiameterPeers, HaveOneConnection) {
  start();
  BarePeer& peer = world.connected("peer.far.example");
  BarePeer& second = world.add("peer.far.example");
  second.connect(world.address);
  second.say_cer();
  EXPECT_TRUE(world.run([&] { return second.is_closed; }));
  EXPECT_TRUE(second.heard.empty());
  EXPECT_EQ(ask(peer, message(BarePeer::base(280, true), peer.origin())).result(), 2001U);
}

TEST_F(DiameterPeers, WatchdogsAreAnswered) {
  start();
  BarePeer& peer = world.connected("peer.far.example");
  const Heard answer = ask(peer, message(BarePeer::base(280, true), peer.origin()));
  EXPECT_EQ(answer.header().command, 280U);
  EXPECT_EQ(answer.result(), 2001U);
  EXPECT_EQ(answer.header().hop_by_hop, 0x01020304U);
  EXPECT_EQ(ask(peer, message(BarePeer::base(280, true), "")).result(), 5005U);
  EXPECT_EQ(ask(peer, message(BarePeer::base(999, true), peer.origin())).result(), 3001U);
}

TEST_F(DiameterPeers, ExchangeCapabilitiesOnceMore) {  // RFC 6733 clause 5.6: R-Open, R-Rcv-CER
  start();
  BarePeer& peer = world.connected("peer.far.example");
  const Heard again = ask(peer, message(BarePeer::base(257, true), peer.capabilities()));
  EXPECT_EQ(again.header().command, 257U);
  EXPECT_EQ(again.result(), 2001U);
  EXPECT_TRUE(again.find(avp::kHostIpAddress));
  const BarePeer other("other.far.example");
  EXPECT_EQ(ask(peer, message(BarePeer::base(257, true), other.capabilities())).result(), 3010U);
  EXPECT_EQ(ask(peer, message(BarePeer::base(257, true), "")).result(), 5005U);
  EXPECT_EQ(ask(peer, message(BarePeer::base(280, true), peer.origin())).result(), 2001U);
}

TEST_F(DiameterPeers, PartInGoodOrder) {  // RFC 6733 clause 5.4
  start();
  BarePeer& peer = world.connected("peer.far.example");
  const std::string leave = peer.origin() + avp_u32(avp::kDisconnectCause, 0);
  const Heard answer = ask(peer, message(BarePeer::base(282, true), leave));
  EXPECT_EQ(answer.header().command, 282U);
  EXPECT_EQ(answer.result(), 2001U);
  EXPECT_FALSE(peer.is_closed);  // whoever asked closes
  peer.hang_up();
  ASSERT_TRUE(world.run([&] { return !world.node->is_connected("peer.far.example"); }));
  // No failure: the next one serves at once.
  BarePeer& again = world.add("peer.far.example");
  again.connect(world.address);
  again.say_cer();
  ASSERT_TRUE(world.run([&] { return !again.heard.empty(); }));
  EXPECT_EQ(world.figures("peer.far.example").state, PeerState::Okay);
  // And the other way round.
  again.heard.clear();
  world.on_shard([&] { EXPECT_TRUE(world.node->disconnect("peer.far.example")); });
  ASSERT_TRUE(world.run([&] { return !again.heard.empty(); }));
  EXPECT_EQ(again.heard.front().header().command, 282U);
  EXPECT_EQ(again.heard.front().find(avp::kDisconnectCause)->u32(), 2U);
  again.say(again.answer_to(again.heard.front(), avp_u32(avp::kResultCode, 2001) + again.origin()));
  EXPECT_TRUE(world.run([&] { return again.is_closed; }));
}

TEST_F(DiameterPeers, BadFramesEndTheConnection) {
  start();
  for (const std::uint32_t length : {0U, 19U, 0xffffffU}) {
    BarePeer& peer = world.connected("peer" + std::to_string(length) + ".far.example");
    std::string bytes = message(BarePeer::base(280, true), peer.origin());
    bytes.replace(0, 4, u32(0x01000000U | length));
    peer.say(bytes);
    EXPECT_TRUE(world.run([&] { return peer.is_closed; })) << length;
  }
}

// A silent peer: a watchdog after Tw, suspicion after another, the end after a third (RFC 3539 clause 3.4.1).
TEST_F(DiameterPeers, SilenceEndsTheConnection) {
  start();
  BarePeer& peer = world.connected("peer.far.example");
  world.pass(7s);
  EXPECT_TRUE(peer.heard.empty());
  world.pass(6s);
  ASSERT_EQ(peer.heard.size(), 1U);
  EXPECT_EQ(peer.heard[0].header().command, 280U);
  EXPECT_TRUE(peer.heard[0].header().is_request());
  world.pass(12s);
  EXPECT_EQ(world.figures("peer.far.example").state, PeerState::Suspect);
  EXPECT_EQ(peer.heard.size(), 1U);  // a watchdog is not repeated
  world.pass(13s);
  EXPECT_TRUE(peer.is_closed);
  EXPECT_EQ(world.figures("peer.far.example").state, PeerState::Down);
}

// A peer that was lost is given requests again after three answered watchdogs; its own are answered meanwhile.
TEST_F(DiameterPeers, AReturnedPeerIsTriedFirst) {
  start();
  world.connected("peer.far.example").hang_up();
  ASSERT_TRUE(world.run([&] { return !world.node->is_connected("peer.far.example"); }));
  BarePeer& peer = world.add("peer.far.example");
  peer.connect(world.address);
  peer.say_cer();
  ASSERT_TRUE(world.run([&] { return peer.heard.size() == 2; }));
  EXPECT_EQ(world.figures("peer.far.example").state, PeerState::Reopen);
  peer.say(peer.question(1, 1));
  ASSERT_TRUE(world.run([&] { return peer.heard.size() == 3; }));
  EXPECT_FALSE(peer.heard.back().header().is_request());
  EXPECT_EQ(peer.heard.back().header().hop_by_hop, 1U);
  peer.heard.pop_back();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(world.figures("peer.far.example").state, PeerState::Reopen);
    ASSERT_TRUE(world.run([&] { return peer.heard.back().header().command == 280; }));
    const Heard watchdog = peer.heard.back();
    peer.heard.clear();
    peer.say(peer.answer_to(watchdog, avp_u32(avp::kResultCode, 2001) + peer.origin()));
    // What is asked behind it on the same connection is answered: then it was heard, too.
    ASSERT_EQ(ask(peer, message(BarePeer::base(280, true), peer.origin())).result(), 2001U);
    if (i == 2) break;
    peer.heard.clear();
    for (int second = 0; peer.heard.empty() && second < 13; ++second) world.pass(1s);
    ASSERT_FALSE(peer.heard.empty());
  }
  EXPECT_EQ(world.figures("peer.far.example").state, PeerState::Okay);
}

TEST_F(DiameterPeers, ARestartedPeerIsANewOne) {  // RFC 6733 clause 8.16
  start();
  world.connected("peer.far.example").hang_up();
  ASSERT_TRUE(world.run([&] { return !world.node->is_connected("peer.far.example"); }));
  BarePeer& peer = world.add("peer.far.example");
  peer.connect(world.address);
  peer.say(message(BarePeer::base(257, true), peer.capabilities(kApplication, 2)));
  ASSERT_TRUE(world.run([&] { return !peer.heard.empty(); }));
  EXPECT_EQ(world.figures("peer.far.example").state, PeerState::Okay);
}

struct Called : DiameterPeers {
  // We call `identity`, which listens.
  BarePeer& listening(const std::string& identity) {
    BarePeer& peer = world.add(identity);
    PeerOptions options = NodeWorld::known(identity);
    options.host = "127.0.0.1";
    options.port = peer.listen();
    world.admit(options);
    EXPECT_TRUE(world.run([&] { return !peer.heard.empty(); }));
    return peer;
  }
};

TEST_F(Called, PeersAreAskedForTheirCapabilities) {
  start();
  BarePeer& peer = listening("peer.far.example");
  const Heard request = peer.heard.front();
  EXPECT_EQ(request.header().command, 257U);
  EXPECT_EQ(request.header().flags, kFlagRequest);
  EXPECT_EQ(request.count(avp::kVendorSpecificApplicationId), 1U);
  peer.say(peer.answer_to(request, avp_u32(avp::kResultCode, 2001) + peer.capabilities()));
  ASSERT_TRUE(world.run([&] { return world.node->is_connected("peer.far.example"); }));
  // Lost: called again after Tw.
  peer.heard.clear();
  peer.hang_up();
  ASSERT_TRUE(world.run([&] { return !world.node->is_connected("peer.far.example"); }));
  world.pass(13s);
  ASSERT_TRUE(world.run([&] { return !peer.heard.empty(); }));
  EXPECT_EQ(peer.heard.front().header().command, 257U);
}

// We know where it is that we call.
TEST_F(Called, PeersNeedNotBeWhereTheyCallFrom) {
  start();
  BarePeer& peer = world.add("peer.far.example");
  PeerOptions options = NodeWorld::known("peer.far.example");
  options.host = "127.0.0.1";
  options.port = peer.listen();
  options.admits = [](std::string_view) { return false; };
  world.admit(options);
  ASSERT_TRUE(world.run([&] { return !peer.heard.empty(); }));
  peer.say(peer.answer_to(peer.heard.front(), avp_u32(avp::kResultCode, 2001) + peer.capabilities()));
  EXPECT_TRUE(world.run([&] { return world.node->is_connected("peer.far.example"); }));
}

TEST_F(Called, AnotherIdentityIsNotTaken) {
  start();
  BarePeer& peer = listening("peer.far.example");
  const BarePeer other("other.far.example");
  world.admit(NodeWorld::known("other.far.example"));
  peer.say(peer.answer_to(peer.heard.front(), avp_u32(avp::kResultCode, 2001) + other.capabilities()));
  EXPECT_TRUE(world.run([&] { return peer.is_closed; }));
  EXPECT_FALSE(world.node->is_connected("other.far.example"));
}

// Both call at once (RFC 6733 clause 5.6.4): the higher name keeps the connection it was offered.
TEST_F(Called, ElectionsAreWonByTheHigherName) {
  start();  // node.here.example
  BarePeer& lower = listening("a.far.example");
  BarePeer& offered = world.add("a.far.example");
  offered.connect(world.address);
  offered.say_cer();
  ASSERT_TRUE(world.run([&] { return !offered.heard.empty(); }));
  EXPECT_EQ(offered.heard.front().result(), 2001U);
  EXPECT_TRUE(world.run([&] { return lower.is_closed; }));  // ours is dropped

  BarePeer& higher = listening("z.far.example");
  BarePeer& lost = world.add("z.far.example");
  lost.connect(world.address);
  lost.say_cer();
  ASSERT_TRUE(world.run([&] { return !lost.heard.empty(); }));
  EXPECT_EQ(lost.heard.front().result(), 4003U);
  EXPECT_TRUE(world.run([&] { return lost.is_closed; }));
  higher.say(higher.answer_to(higher.heard.front(), avp_u32(avp::kResultCode, 2001) + higher.capabilities()));
  EXPECT_TRUE(world.run([&] { return world.node->is_connected("z.far.example"); }));
}

TEST_F(DiameterPeers, AreAdmittedAndRemovedWhileServing) {
  start();
  BarePeer& peer = world.connected("peer.far.example");
  world.on_shard([&] {
    EXPECT_TRUE(world.node->admit(NodeWorld::known("PEER.far.example")).failed_with(Code::PeerTaken));
    EXPECT_TRUE(world.node->admit(NodeWorld::known("node.here.example")).failed_with(Code::PeerTaken));
    EXPECT_TRUE(world.node->admit(NodeWorld::known("")).failed_with(Code::PeerIdentity));
    EXPECT_TRUE(world.node->remove("nobody.example").failed_with(Code::PeerUnknown));
    EXPECT_TRUE(world.node->remove("peer.far.example"));
  });
  ASSERT_TRUE(world.run([&] { return !peer.heard.empty(); }));
  EXPECT_EQ(peer.heard.front().header().command, 282U);
  world.pass(3s);
  EXPECT_TRUE(world.run([&] { return peer.is_closed; }));
  BarePeer& again = world.add("peer.far.example");
  again.connect(world.address);
  again.say_cer();
  ASSERT_TRUE(world.run([&] { return !again.heard.empty(); }));
  EXPECT_EQ(again.heard.front().result(), 3010U);
}

// One that is changed is told that we are back at once (RFC 6733 clause 5.4.3), and is what it is now when it comes again.
TEST_F(DiameterPeers, AreChangedWhileServing) {
  start();
  BarePeer& peer = world.connected("peer.far.example");
  PeerOptions changed = NodeWorld::known("PEER.far.example", "served.example");
  changed.admits = [](std::string_view address) { return address == "127.0.0.2"; };
  world.on_shard([&] {
    EXPECT_TRUE(world.node->change(NodeWorld::known("nobody.example")).failed_with(Code::PeerUnknown));
    EXPECT_TRUE(world.node->change(changed));
    EXPECT_TRUE(world.node->knows_peer("peer.far.example"));
    EXPECT_TRUE(world.node->admit(NodeWorld::known("peer.far.example")).failed_with(Code::PeerTaken));
  });
  ASSERT_TRUE(world.run([&] { return !peer.heard.empty(); }));
  EXPECT_EQ(peer.heard.front().header().command, 282U);
  EXPECT_EQ(peer.heard.front().find(avp::kDisconnectCause)->u32().value_or(9), 0U);
  // It comes before the former connection has ended: from where it was, and from where it is.
  BarePeer& there = world.add("peer.far.example");
  there.connect(world.address);
  there.say_cer();
  ASSERT_TRUE(world.run([&] { return !there.heard.empty(); }));
  EXPECT_EQ(there.heard.front().result(), 3010U);
  BarePeer& here = world.add("peer.far.example");
  here.connect(world.address, "127.0.0.2");
  here.say_cer();
  ASSERT_TRUE(world.run([&] { return !here.heard.empty(); }));
  EXPECT_EQ(here.heard.front().result(), 2001U);
  world.pass(3s);
  EXPECT_TRUE(world.run([&] { return peer.is_closed; }));
  EXPECT_TRUE(world.node->is_connected("peer.far.example")) << "the end of the former is not its end";
  here.heard.clear();
  here.say(message(BarePeer::base(280, true), here.origin()));
  ASSERT_TRUE(world.run([&] { return !here.heard.empty(); }));
  EXPECT_EQ(here.heard.front().result(), 2001U);
}

// A peer has one connection: we call when the former has ended, not before, and not a watchdog's time later.
TEST_F(Called, AChangedPeerIsCalledWhenItsFormerConnectionHasEnded) {
  start();
  BarePeer& peer = listening("peer.far.example");
  peer.say(peer.answer_to(peer.heard.front(), avp_u32(avp::kResultCode, 2001) + peer.capabilities()));
  ASSERT_TRUE(world.run([&] { return world.node->is_connected("peer.far.example"); }));
  peer.heard.clear();
  BarePeer& moved = world.add("peer.far.example");
  PeerOptions changed = NodeWorld::known("peer.far.example");
  changed.host = "127.0.0.1";
  changed.port = moved.listen();
  world.on_shard([&] { EXPECT_TRUE(world.node->change(changed)); });
  ASSERT_TRUE(world.run([&] { return !peer.heard.empty(); }));
  const Heard left = peer.heard.front();
  EXPECT_EQ(left.header().command, 282U);
  world.pass(1s);
  EXPECT_TRUE(moved.heard.empty()) << "before the former connection has ended";
  peer.say(peer.answer_to(left, avp_u32(avp::kResultCode, 2001) + peer.origin()));
  ASSERT_TRUE(world.run([&] { return peer.is_closed; }));
  world.pass(1s);
  ASSERT_TRUE(world.run([&] { return !moved.heard.empty(); }));
  EXPECT_EQ(moved.heard.front().header().command, 257U);
}

}  // namespace
}  // namespace claviger::diameter
