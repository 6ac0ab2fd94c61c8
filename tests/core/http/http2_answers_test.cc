// What becomes of answers: by the peer's windows, by how it reads, by what the shard holds.
#include "core/net/stream.h"
#include "tests/core/http/http2_fixture.h"

namespace claviger::http {
namespace {

using namespace std::chrono_literals;
using frames::data;
using frames::get;
using frames::post_head;

// ---- flow control

TEST_F(Http2, BodiesArePulledByTheWindow) {
  start();
  say(get(1, "/large"));
  EXPECT_EQ(reader.answers[1].body.size(), 65'535U);
  say(frames::window_update(1, 100'000));  // the connection's window is still closed
  EXPECT_EQ(reader.answers[1].body.size(), 65'535U);
  say(frames::window_update(0, 50'000));
  EXPECT_EQ(reader.answers[1].body.size(), 115'535U);
  say(frames::window_update(0, 1'000'000) + frames::window_update(1, 1'000'000));
  EXPECT_EQ(reader.answers[1].body.size(), 300'000U);
  EXPECT_TRUE(reader.answers[1].is_ended);
}

TEST_F(Http2, NothingIsProducedBeyondTheRoom) {
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1'000'000}});
  host.feed(frames::window_update(0, 1'000'000) + get(1, "/large") + get(3, "/hello"));
  std::vector<std::byte> room(net::kProduceRoomMin);
  for (std::size_t count = 0; (count = host.protocol->produce(room)) > 0;) {
    reader.read(as_text(Bytes(room).first(count)));
  }
  EXPECT_EQ(reader.answers[1].body.size(), 300'000U);
  EXPECT_EQ(reader.answers[3].body, "hello");
}

TEST_F(Http2, SmallAnswersAreNotCut) {
  start();
  std::string requests;
  for (std::uint32_t i = 0; i < 100; ++i) requests += get(2 * i + 1, "/hello");
  say(requests);
  for (const auto& [id, answer] : reader.answers) EXPECT_EQ(answer.data_frames, 1U);
}

TEST_F(Http2, APeerThatReadsNothingIsCutOff) {
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  say(get(1, "/large"));
  for (int i = 0; i < 29; ++i) {
    host.advance(1s);
    say(frames::ping());  // life signs are no reading
    EXPECT_FALSE(host.protocol->is_finished());
  }
  host.advance(1s);
  host.advance(1s);
  expect_ended(NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(host.counters.timeouts.read(), 1U);
}

TEST_F(Http2, AnswersNobodyTakesAreBounded) {
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  say(get(1, "/large") + get(3, "/large") + get(5, "/hello"));
  EXPECT_GT(host.counters.requests_held_bytes.read(), 600'000U);
  EXPECT_FALSE(reader.resets.contains(3));
  EXPECT_EQ(reader.resets.at(5), static_cast<std::uint32_t>(NGHTTP2_REFUSED_STREAM));
  EXPECT_EQ(host.hellos, 0);
  say(frames::reset(1) + frames::reset(3));
  EXPECT_EQ(host.counters.requests_held_bytes.read(), 0U);
  say(get(7, "/hello"));
  EXPECT_EQ(reader.answers[7].status, "200");
}

TEST_F(Http2, APeerThatGoesOnAskingWithoutReadingIsCutOff) {
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  say(get(1, "/large") + get(3, "/large"));
  for (std::uint32_t id = 5; id < 1000 && !host.protocol->is_finished(); id += 2) say(get(id, "/hello"));
  expect_ended(NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(host.hellos, 0);
}

TEST_F(Http2, WhatTheWindowsTakeIsNoBacklog) {
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1'000'000}});
  std::string all = frames::window_update(0, 100'000'000);
  for (std::uint32_t i = 0; i < 20; ++i) all += get(2 * i + 1, "/large");
  say(all);
  EXPECT_TRUE(reader.resets.empty());
  for (const auto& [id, answer] : reader.answers) EXPECT_EQ(answer.body.size(), 300'000U);
  EXPECT_EQ(host.counters.requests_held_bytes.read(), 0U);
}

TEST_F(Http2, AWaitingAnswerKeepsNothingOfItsRequest) {
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  say(post_head(1, "/echo") + data(1, std::string(900, 'x')));
  EXPECT_EQ(reader.answers[1].status, "200");
  EXPECT_FALSE(reader.answers[1].is_ended);
  EXPECT_EQ(host.pool.in_use(), 0U);
}

TEST_F(Http2, AnswersTakenDropByDropEndTheConnection) {
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  std::string all;
  for (std::uint32_t i = 0; i < 20; ++i) all += get(2 * i + 1, "/hello");
  say(all);
  for (int second = 1; second <= 30; ++second) {
    EXPECT_FALSE(host.protocol->is_finished());
    host.advance(1s);
    std::string drops;
    for (std::uint32_t i = 0; i < 20 && second % 10 == 0; ++i) drops += frames::window_update(2 * i + 1, 1);
    say(drops);
  }
  host.advance(1s);
  expect_ended(NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2, ASlowReaderAtTheLeastRateHasItsAnswer) {
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  say(get(1, "/large"));
  for (int second = 0; second < 300; ++second) {
    host.advance(1s);
    say(frames::window_update(1, 1024) + frames::window_update(0, 1024));
  }
  EXPECT_EQ(reader.answers[1].body.size(), 300'000U);
  EXPECT_FALSE(host.protocol->is_finished());
}

TEST_F(Http2, AShardThatHoldsMuchGivesSlowReadersLittleTime) {
  host.limits.held_bytes_max = 500'000;
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  say(get(1, "/large"));
  say(get(3, "/hello"));
  EXPECT_EQ(reader.resets.at(3), static_cast<std::uint32_t>(NGHTTP2_REFUSED_STREAM));
  FakeHost& shard = host;
  auto other = make_http2(shard, *shard.dispatcher, shard.fixed);  // one that reads
  const std::string asked = frames::start() + get(1, "/hello");
  other->receive(Slice::copy_of(shard.pool, as_bytes(asked)));
  EXPECT_EQ(shard.hellos, 1);
  for (int i = 0; i < 4; ++i) host.advance(1s);
  expect_ended(NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2, AStreamThatIsNotReadIsResetWhileOthersAreServed) {
  start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}});
  say(get(1, "/large"));
  for (std::uint32_t i = 1; i < 40; ++i) {
    host.advance(1s);
    say(get(2 * i + 1, "/hello"));
    EXPECT_EQ(reader.answers[2 * i + 1].body, "hello");
  }
  EXPECT_EQ(reader.resets.at(1), static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  EXPECT_FALSE(host.protocol->is_finished());
}

}  // namespace
}  // namespace claviger::http
