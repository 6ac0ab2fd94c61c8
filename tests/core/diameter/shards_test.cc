// A node over several real shards: what arrives on one leaves by another, and comes back.
#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "core/diameter/node.h"
#include "core/diameter/relay.h"
#include "core/runtime/call.h"
#include "tests/core/diameter/node_world.h"

namespace claviger::diameter {
namespace {

using namespace samples;
using namespace std::chrono_literals;

constexpr const char* kRealm = "served.example";

struct DiameterShards : testing::Test {
  static constexpr std::size_t kShards = 3;

  void SetUp() override {
    options.identity = "node.here.example";
    options.realm = "here.example";
    options.applications = {{samples::kApplication, samples::kVendor}};
    node = std::make_unique<Node>(shards, options, NodeWorld::dictionary());
    node->serve(samples::kApplication, samples::kCommand, relay, Check::Routing);
    shards.start();
    on(0, [this] {
      ASSERT_TRUE(node->start());
      address = *node->listen(*net::Address::ip("127.0.0.1", 0), false);
    });
  }
  void TearDown() override {
    std::promise<void> stopped;
    shards[0].mailbox().post_control([&] {
      shards[0].scope().spawn([](Node* its, std::promise<void>* done) -> runtime::Task<void> {
        co_await its->stop(runtime::Shard::current().now() + 500ms);
        done->set_value();
      }(node.get(), &stopped));
    });
    stopped.get_future().wait();
    shards.stop_and_join();
    node.reset();
  }
  template <typename Work>
  void on(std::size_t shard, Work work) {
    std::promise<void> done;
    shards[shard].mailbox().post_control([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  bool run(const std::function<bool()>& is_done) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!is_done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      for (const auto& peer : peers) peer->poll();
      std::this_thread::yield();
    }
    return true;
  }
  BarePeer& connected(const std::string& identity, const std::string& route = {}, std::uint32_t priority = 1) {
    on(0, [&] { ASSERT_TRUE(node->admit(NodeWorld::known(identity, route, priority))); });
    peers.push_back(std::make_unique<BarePeer>(identity));
    BarePeer& peer = *peers.back();
    peer.connect(address);
    peer.say_cer();
    EXPECT_TRUE(run([&] { return !peer.heard.empty(); }));
    EXPECT_EQ(peer.heard.front().result(), 2001U);
    peer.heard.clear();
    return peer;
  }

  SystemClock clock;
  Logger logger;
  runtime::Shards shards{kShards, clock, logger, SipKey{1, 2}};
  NodeOptions options;
  Relay relay;
  std::unique_ptr<Node> node;
  net::Address address;
  std::vector<std::unique_ptr<BarePeer>> peers;
};

// Connections are spread in turn: each of the downstream peers has another shard than the upstream one, but one.
TEST_F(DiameterShards, RequestsAndAnswersCrossThem) {
  BarePeer& up = connected("up.far.example", kRealm);
  std::vector<BarePeer*> downs;
  for (std::size_t i = 0; i < kShards; ++i) downs.push_back(&connected("down" + std::to_string(i) + ".far.example"));
  constexpr std::uint32_t kEach = 200;
  for (std::uint32_t i = 0; i < kEach; ++i) {
    for (BarePeer* const down : downs) down->say(down->question(i, i));
  }
  std::size_t answered = 0;
  ASSERT_TRUE(run([&] {
    while (answered < up.heard.size()) up.answer(up.heard[answered++]);
    return std::ranges::all_of(downs, [](const BarePeer* down) { return down->heard.size() >= kEach; });
  }));
  for (const BarePeer* const down : downs) {
    ASSERT_EQ(down->heard.size(), kEach);
    std::vector<bool> seen(kEach);
    for (const Heard& each : down->heard) {
      EXPECT_EQ(each.result(), 2001U);
      EXPECT_EQ(each.text(avp::kSessionId).find(down->identity()), 0U);
      seen.at(each.header().hop_by_hop) = true;
    }
    EXPECT_TRUE(std::ranges::all_of(seen, [](bool is_seen) { return is_seen; }));
  }
}

TEST_F(DiameterShards, FailOverCrossesThem) {
  BarePeer& first = connected("first.far.example", kRealm, 1);
  BarePeer& second = connected("second.far.example", kRealm, 2);
  BarePeer& down = connected("down.far.example");
  constexpr std::uint32_t kCount = 300;
  for (std::uint32_t i = 0; i < kCount; ++i) down.say(down.question(i, i));
  ASSERT_TRUE(run([&] { return first.heard.size() == kCount; }));
  first.hang_up();
  std::size_t answered = 0;
  ASSERT_TRUE(run([&] {
    while (answered < second.heard.size()) {
      EXPECT_TRUE(second.heard[answered].header().is_retransmitted());
      second.answer(second.heard[answered++]);
    }
    return down.heard.size() >= kCount;
  }));
  EXPECT_EQ(down.heard.size(), kCount);
  for (const Heard& each : down.heard) EXPECT_EQ(each.result(), 2001U);
  second.hang_up();
  ASSERT_TRUE(run([&] { return !node->is_connected("second.far.example"); }));
  down.heard.clear();
  down.say(down.question(1, 9999));
  ASSERT_TRUE(run([&] { return !down.heard.empty(); }));
  EXPECT_EQ(down.heard.front().result(), 3002U);
}

TEST_F(DiameterShards, OwnRequestsLeaveFromEach) {
  BarePeer& up = connected("up.far.example", kRealm);
  std::atomic<std::size_t> answers{0};
  for (std::size_t i = 0; i < kShards; ++i) {
    on(i, [&, i] {
      shards[i].scope().spawn([](Node* its, std::atomic<std::size_t>* count) -> runtime::Task<void> {
        Outgoing request;
        auto built = its->request(samples::kApplication, samples::kCommand).text(kWho, "asked").finish();
        request.message = *std::move(built);
        request.realm = kRealm;
        request.deadline = runtime::Shard::current().now() + 10s;
        auto answer = co_await its->send(std::move(request));
        EXPECT_TRUE(answer);
        if (answer) {
          EXPECT_EQ(answer->text(kWho), "answered");
        }
        ++*count;
      }(node.get(), &answers));
    });
  }
  std::size_t answered = 0;
  ASSERT_TRUE(run([&] {
    while (answered < up.heard.size()) up.answer(up.heard[answered++]);
    return answers == kShards;
  }));
  EXPECT_EQ(node->figures().front().pending, 0U);
}

}  // namespace
}  // namespace claviger::diameter
