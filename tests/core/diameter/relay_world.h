// A node that relays, between bare peers.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/diameter/node.h"
#include "core/diameter/relay.h"
#include "tests/core/diameter/node_world.h"

namespace claviger::diameter::samples {

inline constexpr const char* kRealm = "served.example";

struct DiameterRelay : testing::Test {
  NodeWorld world;
  Relay relay;
  void start() {
    world.start([&](Node& node) { node.serve(kApplication, kCommand, relay, Check::Routing); });
  }
  bool hears(BarePeer& peer, std::size_t count = 1) {
    return world.run([&] { return peer.heard.size() >= count; });
  }
  std::uint32_t refusal_of(BarePeer& peer, const std::string& bytes) {
    peer.heard.clear();
    peer.say(bytes);
    EXPECT_TRUE(hears(peer));
    return peer.heard.empty() ? 0 : peer.heard.front().result();
  }
};

}  // namespace claviger::diameter::samples
