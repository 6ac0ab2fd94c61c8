// An HTTP/2 connection of ours with a peer that the test plays, and a clock set by hand.
#pragma once

#include <gtest/gtest.h>

#include "core/http/http2_connection.h"
#include "tests/core/http/fake_host.h"
#include "tests/core/http/frames.h"

namespace claviger::http {

struct Http2 : testing::Test {
  Http2() { host.start_http2(); }
  // What it answers is read at once.
  void say(std::string_view bytes) { reader.read(host.exchange(bytes)); }
  void start(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& settings = {}) {
    say(std::string(frames::kPreface) + frames::settings(settings));
  }
  void expect_ended(std::uint32_t code) {
    reader.read(host.pull());
    EXPECT_TRUE(host.protocol->is_finished());
    ASSERT_FALSE(reader.goaways.empty());
    EXPECT_EQ(reader.goaways.back(), code);
  }
  // Until the connection is ended; how many bytes that took.
  std::size_t flood(const std::string& frames_of_it, std::size_t times) {
    std::size_t said = 0;
    for (std::size_t i = 0; i < times && !host.protocol->is_finished(); ++i) {
      say(frames_of_it);
      said += frames_of_it.size();
    }
    return said;
  }
  FakeHost host;
  frames::Reader reader;
};

}  // namespace claviger::http
