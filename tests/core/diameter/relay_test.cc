#include "core/diameter/relay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tests/core/diameter/relay_world.h"

namespace claviger::diameter {
namespace {

using namespace samples;
using namespace std::chrono_literals;

TEST_F(DiameterRelay, PassesRequestsAndAnswers) {  // RFC 6733 clauses 6.1.9 and 6.2
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  const std::string unknown = avp_of(4000, 0xc0, 99, "opaque");
  down.say(down.question(77, 78, unknown));
  ASSERT_TRUE(hears(up));
  const Heard request = up.heard.front();
  EXPECT_EQ(request.header().end_to_end, 78U);
  EXPECT_NE(request.header().hop_by_hop, 77U);
  EXPECT_EQ(request.header().flags, kFlagRequest | kFlagProxiable);
  EXPECT_EQ(request.text(avp::kRouteRecord), "down.far.example");
  EXPECT_EQ(request.text(avp::kOriginHost), "down.far.example");
  EXPECT_TRUE(request.find({4000, 99}));  // what we do not know passes as it is, with M
  up.answer(request);
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().header().hop_by_hop, 77U);
  EXPECT_EQ(down.heard.front().header().end_to_end, 78U);
  EXPECT_EQ(down.heard.front().result(), 2001U);
  EXPECT_EQ(down.heard.front().count(avp::kRouteRecord), 0U);
  EXPECT_EQ(world.figures("up.far.example").pending, 0U);
}

// Two peers with the same identifiers: each gets its own answer, whatever the order.
TEST_F(DiameterRelay, KeepsEqualIdentifiersApart) {
  start();
  BarePeer& one = world.connected("one.far.example");
  BarePeer& two = world.connected("two.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  one.say(one.question(5, 6));
  ASSERT_TRUE(hears(up));
  two.say(two.question(5, 6));
  ASSERT_TRUE(hears(up, 2));
  EXPECT_NE(up.heard[0].header().hop_by_hop, up.heard[1].header().hop_by_hop);
  up.answer(up.heard[1]);
  up.answer(up.heard[0]);
  ASSERT_TRUE(hears(one));
  ASSERT_TRUE(hears(two));
  EXPECT_EQ(one.heard.front().text(avp::kSessionId), "one.far.example;1;6");
  EXPECT_EQ(two.heard.front().text(avp::kSessionId), "two.far.example;1;6");
}

TEST_F(DiameterRelay, DropsAnswersThatNobodyWaitsFor) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  down.say(down.question(1, 1));
  ASSERT_TRUE(hears(up));
  const Heard request = up.heard.front();
  Heard other = request;
  Header header = request.header();
  header.end_to_end = 2;  // the right hop-by-hop identifier, but not this request's
  other.bytes = message(header, as_text(as_bytes(request.bytes).subspan(kHeaderBytes)));
  up.answer(other);
  up.answer(request);
  up.answer(request);  // again
  ASSERT_TRUE(hears(down));
  world.settle();
  EXPECT_EQ(down.heard.size(), 1U);
  EXPECT_EQ(world.figures("up.far.example").dropped, 2U);
}

TEST_F(DiameterRelay, ALateAnswerIsDropped) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  down.say(down.question(1, 1));
  ASSERT_TRUE(hears(up));
  world.pass(5s);
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().result(), 3002U);
  EXPECT_TRUE(down.heard.front().header().is_error());
  EXPECT_EQ(down.heard.front().text(avp::kErrorReportingHost), "Node.Here.example");
  EXPECT_EQ(world.figures("up.far.example").pending, 0U);
  up.answer(up.heard.front());
  world.settle();
  EXPECT_EQ(down.heard.size(), 1U);
}

TEST_F(DiameterRelay, ADamagedAnswerIsNoAnswer) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  down.say(down.question(1, 1));
  ASSERT_TRUE(hears(up));
  up.say(up.answer_to(up.heard.front(), avp_of(264, 0x40, 0, "host", 4000)));
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().result(), 3002U);  // at once: nobody else will answer
}

TEST_F(DiameterRelay, RefusesWhatCannotBeRouted) {
  start();
  BarePeer& down = world.connected("down.far.example");
  world.admit(NodeWorld::known("absent.far.example", "absent.example"));
  EXPECT_EQ(refusal_of(down, down.question(1, 1, {}, "nowhere.example")), 3003U);
  EXPECT_EQ(refusal_of(down, down.question(1, 1, {}, "absent.example")), 3002U);
  EXPECT_TRUE(down.heard.front().header().is_error());
  EXPECT_EQ(refusal_of(down, down.question(1, 1, avp_of(avp::kRouteRecord, "NODE.here.example"))), 3005U);
  world.connected("up.far.example", kRealm);
  EXPECT_EQ(refusal_of(down, down.question(1, 1, avp_of(avp::kRouteRecord, "NODE.here.example"))), 3005U);
  const auto bare = [&](std::uint32_t application, std::uint32_t command, const std::string& avps) {
    return message(request_header(application, command), avp_of(avp::kSessionId, "s") + avps);
  };
  EXPECT_EQ(refusal_of(down, bare(4, 272, "")), 3007U);
  EXPECT_EQ(refusal_of(down, bare(kApplication, 999, "")), 3001U);
  EXPECT_EQ(refusal_of(down, bare(kApplication, kCommand, avp_of(avp::kDestinationHost, "h.example"))), 3002U);
  EXPECT_EQ(down.heard.front().text(avp::kSessionId), "s");
  Header header = request_header(kApplication, kCommand);
  header.flags = kFlagRequest;
  EXPECT_EQ(refusal_of(down, message(header, "")), 3008U);
  header = request_header(kApplication, kCommand);
  header.version = 2;
  EXPECT_EQ(refusal_of(down, message(header, "")), 5011U);
  EXPECT_GE(world.figures("down.far.example").refused, 7U);
}

TEST_F(DiameterRelay, ARequestNeverGoesBackWhereItCameFrom) {
  start();
  BarePeer& only = world.connected("only.far.example", kRealm);
  EXPECT_EQ(refusal_of(only, only.question(1, 1)), 3002U);
}

TEST_F(DiameterRelay, PrefersPriorityThenWeightThenHealth) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& second = world.connected("second.far.example", kRealm, 2);
  BarePeer& first = world.connected("first.far.example", kRealm, 1);
  BarePeer& also = world.connected("also.far.example", kRealm, 1);
  for (std::uint32_t i = 0; i < 100; ++i) down.say(down.question(i, i));
  ASSERT_TRUE(world.run([&] { return first.heard.size() + also.heard.size() == 100; }));
  EXPECT_GT(first.heard.size(), 20U);
  EXPECT_GT(also.heard.size(), 20U);
  EXPECT_TRUE(second.heard.empty());
  // To one by name, whatever the realm's order.
  down.say(down.question(1, 1000, avp_of(avp::kDestinationHost, "SECOND.far.example")));
  ASSERT_TRUE(hears(second));
  first.hang_up();
  also.hang_up();
  ASSERT_TRUE(hears(second, 101));
}

// The upstream dies with requests under way: each is answered exactly once.
TEST_F(DiameterRelay, FailsOverWithTheTBitAndTheSameEndToEndIdentifier) {  // RFC 6733 clause 5.5.4
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& first = world.connected("first.far.example", kRealm, 1);
  BarePeer& second = world.connected("second.far.example", kRealm, 2);
  constexpr std::uint32_t kCount = 3000;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    down.say(down.question(i, 100'000 + i));
    if (i % 100 == 99) world.settle();
  }
  ASSERT_TRUE(hears(first, kCount));
  for (std::uint32_t i = 0; i < kCount / 2; ++i) first.answer(first.heard[i]);
  ASSERT_TRUE(hears(down, kCount / 2));
  first.hang_up();
  ASSERT_TRUE(hears(second, kCount / 2));
  for (const Heard& each : second.heard) {
    EXPECT_TRUE(each.header().is_retransmitted());
    EXPECT_GE(each.header().end_to_end, 100'000 + kCount / 2);
    second.answer(each);
  }
  ASSERT_TRUE(hears(down, kCount));
  world.settle();
  EXPECT_EQ(down.heard.size(), kCount);
  std::vector<bool> seen(kCount);
  for (const Heard& each : down.heard) {
    EXPECT_EQ(each.result(), 2001U);
    EXPECT_FALSE(seen.at(each.header().hop_by_hop));
    seen.at(each.header().hop_by_hop) = true;
  }
  EXPECT_EQ(world.figures("first.far.example").failovers, kCount / 2);
}

TEST_F(DiameterRelay, AnswersForAnUpstreamThatDied) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  for (std::uint32_t i = 0; i < 500; ++i) down.say(down.question(i, i));
  ASSERT_TRUE(hears(up, 500));
  up.hang_up();
  ASSERT_TRUE(hears(down, 500));
  world.settle();
  EXPECT_EQ(down.heard.size(), 500U);
  for (const Heard& each : down.heard) EXPECT_EQ(each.result(), 3002U);
}

// At the size of a region's outage: what was under way is moved or refused, each exactly once, inside the budget.
TEST_F(DiameterRelay, AHundredThousandPendingAreEachAnsweredOnce) {
  world.options.pending_max = 1 << 18;
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& first = world.connected("first.far.example", kRealm, 1);
  BarePeer& second = world.connected("second.far.example", kRealm, 2);
  constexpr std::uint32_t kCount = 100'000;
  std::string burst;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    burst += down.question(i, i);
    if (i % 100 != 99) continue;
    down.say(burst);
    burst.clear();
    ASSERT_TRUE(hears(first, i + 1));
  }
  EXPECT_EQ(world.figures("first.far.example").pending, kCount);
  first.hang_up();
  std::size_t moved = 0;
  std::size_t turns = 0;
  ASSERT_TRUE(world.run([&] {
    for (; moved < second.heard.size(); ++moved) second.answer(second.heard[moved]);
    if (++turns % 64 == 0) world.one.clock.advance(1ms);
    return down.heard.size() >= kCount;
  }));
  world.settle();
  ASSERT_EQ(down.heard.size(), kCount);
  std::vector<bool> seen(kCount);
  std::size_t served = 0;
  for (const Heard& each : down.heard) {
    EXPECT_FALSE(seen.at(each.header().hop_by_hop));
    seen.at(each.header().hop_by_hop) = true;
    served += each.result() == 2001 ? 1U : 0U;
  }
  EXPECT_EQ(served, moved);
  EXPECT_GT(moved, kCount / 2);
  EXPECT_EQ(world.figures("second.far.example").pending, 0U);
}

TEST_F(DiameterRelay, ASilentPeerIsLeftForAnotherWithinTheBudget) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& first = world.connected("first.far.example", kRealm, 1);
  BarePeer& second = world.connected("second.far.example", kRealm, 2);
  down.say(down.question(9, 9));
  ASSERT_TRUE(hears(first));
  world.pass(2s);
  ASSERT_TRUE(hears(second));
  EXPECT_TRUE(second.heard.front().header().is_retransmitted());
  second.answer(second.heard.front());
  ASSERT_TRUE(hears(down));
  first.answer(first.heard.front());
  world.settle();
  ASSERT_EQ(down.heard.size(), 1U);
  EXPECT_EQ(down.heard.front().result(), 2001U);
}

TEST_F(DiameterRelay, ASlowPeerDelaysNobodyElse) {
  world.options.unsent_max = 256 * 1024;
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& slow = world.connected("slow.far.example", "slow.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  slow.is_deaf = true;
  std::string burst;
  for (std::uint32_t i = 0; i < 100; ++i)
    burst += down.question(i, i, avp_of(kWho, std::string(2000, 'x')), "slow.example");
  // Until what it does not read has filled the kernel's buffers and ours.
  ASSERT_TRUE(world.run([&] {
    if (down.has_said_all()) down.say(burst);
    return !down.heard.empty();
  }));
  EXPECT_EQ(down.heard.front().result(), 3002U);
  world.settle();
  down.heard.clear();
  down.say(down.question(7, 7777));
  ASSERT_TRUE(hears(up));
  up.answer(up.heard.front());
  ASSERT_TRUE(world.run([&] {
    return std::ranges::any_of(down.heard, [](const Heard& each) { return each.header().end_to_end == 7777; });
  }));
  EXPECT_TRUE(world.node->is_connected("slow.far.example"));
}

// RFC 6733 clause 6.1.8: by the host that the indication names, if we know it; once, and not as a retransmission.
TEST_F(DiameterRelay, FollowsARedirectToAPeerOfOurs) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& agent = world.connected("agent.far.example", kRealm);
  BarePeer& host = world.connected("host.far.example");
  const auto redirects = [&](BarePeer& from, const std::vector<std::string>& uris) {
    std::string avps = avp_u32(avp::kResultCode, 3006) + from.origin();
    for (const std::string& uri : uris) avps += avp_of(avp::kRedirectHost, uri);
    from.say(from.answer_to(from.heard.back(), avps, kFlagError));
  };
  down.say(down.question(1, 2));
  ASSERT_TRUE(hears(agent));
  redirects(agent, {"http://x", "aaa://stranger.far.example", "aaa://Host.far.example:3868;transport=tcp"});
  ASSERT_TRUE(hears(host));
  EXPECT_EQ(host.heard.front().header().end_to_end, 2U);
  EXPECT_EQ(host.heard.front().header().flags, kFlagRequest | kFlagProxiable);
  host.answer(host.heard.front());
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.back().result(), 2001U);
  EXPECT_EQ(world.figures("agent.far.example").pending, 0U);
  // Nobody that we know; itself; back to who asked: unable to deliver, at once.
  for (const char* uri :
       {"aaa://stranger.far.example", "aaa://agent.far.example", "aaas://down.far.example:5868", "aaa://"}) {
    agent.heard.clear();
    down.heard.clear();
    down.say(down.question(3, 4));
    ASSERT_TRUE(hears(agent));
    redirects(agent, {uri});
    ASSERT_TRUE(hears(down));
    EXPECT_EQ(down.heard.back().result(), 3002U) << uri;
    EXPECT_FALSE(down.heard.back().find(avp::kRedirectHost)) << uri;
  }
  // Once: who was redirected to does not redirect.
  agent.heard.clear();
  host.heard.clear();
  down.heard.clear();
  down.say(down.question(5, 6));
  ASSERT_TRUE(hears(agent));
  redirects(agent, {"aaa://host.far.example"});
  ASSERT_TRUE(hears(host));
  redirects(host, {"aaa://agent.far.example"});
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.back().result(), 3002U);
}

TEST_F(DiameterRelay, KeepsATBitThatItReceives) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  down.say(down.question(1, 1, {}, kRealm, kFlagRetransmitted));
  ASSERT_TRUE(hears(up));
  EXPECT_TRUE(up.heard.front().header().is_retransmitted());
}

TEST_F(DiameterRelay, AFullPeerRefusesTheLeastImportantFirst) {  // RFC 7944
  world.options.pending_max = 64;
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  for (std::uint32_t i = 0; i < 64; ++i) down.say(down.question(i, i));
  world.settle();
  const std::size_t usual = up.heard.size();
  EXPECT_LT(usual, 64U);
  EXPECT_GT(usual, 32U);
  EXPECT_EQ(down.heard.size(), 64 - usual);  // told at once, by an answer
  EXPECT_EQ(down.heard.front().result(), 3002U);
  for (std::uint32_t i = 0; i < 64; ++i) down.say(down.question(100 + i, 100 + i, avp_u32(avp::kDrmp, 0)));
  world.settle();
  EXPECT_EQ(up.heard.size(), 64U);
}

TEST_F(DiameterRelay, APeerHasItsRate) {
  start();
  PeerOptions options = NodeWorld::known("down.far.example");
  options.requests_per_second = 10;
  world.admit(options);
  BarePeer& down = world.add("down.far.example");
  down.connect(world.address);
  down.say_cer();
  ASSERT_TRUE(hears(down));
  down.heard.clear();
  BarePeer& up = world.connected("up.far.example", kRealm);
  for (std::uint32_t i = 0; i < 50; ++i) down.say(down.question(i, i));
  world.settle();
  EXPECT_EQ(up.heard.size(), 10U);
  EXPECT_EQ(down.heard.size(), 40U);
  world.pass(1s);
  for (std::uint32_t i = 0; i < 50; ++i) down.say(down.question(i, i));
  world.settle();
  EXPECT_EQ(up.heard.size(), 20U);
}

TEST_F(DiameterRelay, ShedsWhatAnOverloadedHostAsksFor) {  // RFC 7683
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  down.say(down.question(1, 1));
  ASSERT_TRUE(hears(up));
  std::string sequence(8, '\0');
  sequence[7] = 1;
  const std::string report =
      avp_of(avp::kOcOlr, avp_of(avp::kOcSequenceNumber, sequence) + avp_u32(avp::kOcReportType, 0) +
                              avp_u32(avp::kOcReductionPercentage, 100) + avp_u32(avp::kOcValidityDuration, 5));
  up.say(up.answer_to(up.heard.front(), avp_u32(avp::kResultCode, 2001) + up.origin() + report));
  ASSERT_TRUE(hears(down));
  down.heard.clear();
  up.heard.clear();
  down.say(down.question(2, 2));
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().result(), 3002U);
  EXPECT_TRUE(up.heard.empty());
  world.pass(6s);
  down.say(down.question(3, 3));
  EXPECT_TRUE(hears(up));
}

struct Overloaded : DiameterRelay {
  // The report of an answer that calls itself `host` of `realm`: nothing at all for as long as can be, and never to be replaced.
  void report(BarePeer& up, const std::string& host, const std::string& realm, std::uint32_t kind) {
    const std::string report =
        avp_of(avp::kOcOlr, avp_of(avp::kOcSequenceNumber, std::string(8, '\xff')) + avp_u32(avp::kOcReportType, kind) +
                                avp_u32(avp::kOcReductionPercentage, 100) + avp_u32(avp::kOcValidityDuration, 86'400));
    const std::string origin = avp_of(avp::kOriginHost, host) + avp_of(avp::kOriginRealm, realm);
    up.say(up.answer_to(up.heard.front(), avp_u32(avp::kResultCode, 2001) + origin + report));
    up.heard.clear();
  }
};

TEST_F(Overloaded, NobodyReportsForAnother) {  // RFC 7683 clause 5.2.1.3
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  BarePeer& other = world.connected("other.far.example", "other.example");
  for (std::uint32_t kind = 0; kind < 2; ++kind) {
    down.heard.clear();
    down.say(down.question(kind, kind, {}, "other.example"));
    ASSERT_TRUE(hears(other));
    report(other, "up.far.example", kRealm, kind);
    ASSERT_TRUE(hears(down));
    down.say(down.question(10 + kind, 10 + kind));
    ASSERT_TRUE(hears(up)) << kind;
    up.heard.clear();
  }
}

TEST_F(Overloaded, AReportEndsWithItsTimeAndItsConnection) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  down.say(down.question(1, 1));
  ASSERT_TRUE(hears(up));
  report(up, "up.far.example", kRealm, 1);
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(refusal_of(down, down.question(2, 2)), 3002U);
  up.say(message(BarePeer::base(282, true), up.origin() + avp_u32(avp::kDisconnectCause, 0)));
  ASSERT_TRUE(hears(up));
  up.hang_up();
  ASSERT_TRUE(world.run([&] { return !world.node->is_connected("up.far.example"); }));
  BarePeer& again = world.add("up.far.example");
  again.connect(world.address);
  again.say(message(BarePeer::base(257, true), again.capabilities(kApplication, 2)));
  ASSERT_TRUE(hears(again));
  again.heard.clear();
  down.say(down.question(3, 3));
  EXPECT_TRUE(hears(again));
}

}  // namespace
}  // namespace claviger::diameter
