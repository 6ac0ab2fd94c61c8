#include "core/http/http2_connection.h"

#include <gtest/gtest.h>

#include "core/net/stream.h"
#include "tests/core/http/http2_fixture.h"
#include "tests/core/http/inflated.h"

namespace claviger::http {
namespace {

using namespace std::chrono_literals;
using frames::data;
using frames::get;
using frames::post_head;

TEST_F(Http2, AnswersARequest) {
  start();
  say(get(1, "/hello?a=b"));
  const auto& answer = reader.answers[1];
  EXPECT_EQ(answer.status, "200");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(answer.is_ended);
  EXPECT_EQ(answer.fields.at("content-length"), "5");
  EXPECT_EQ(answer.fields.at("content-type"), "text/plain");
  EXPECT_EQ(answer.fields.at("cache-control"), "no-store");
  EXPECT_EQ(answer.fields.at("date"), "Tue, 14 Nov 2023 22:13:20 GMT");
  EXPECT_EQ(host.seen, "GET a.example /hello a=b|cookie:");
  EXPECT_EQ(host.pool.in_use(), 0U);
  EXPECT_TRUE(reader.resets.empty());
}

TEST_F(Http2, AnswersManyInOneTurn) {
  start();
  std::string requests;
  for (std::uint32_t i = 0; i < 128; ++i) requests += get(2 * i + 1, "/hello");
  say(requests);
  EXPECT_EQ(reader.answers.size(), 128U);
  for (const auto& [id, answer] : reader.answers) EXPECT_EQ(answer.body, "hello");
}

TEST_F(Http2, TellsItsLimits) {
  start();
  ASSERT_FALSE(reader.all.empty());
  EXPECT_EQ(reader.all[0].type, frames::kSettings);
  const std::string expected = frames::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 128},
                                                 {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kHeaderBytesMax},
                                                 {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}});
  EXPECT_EQ(reader.all[0].payload, expected.substr(9));
}

TEST_F(Http2, RefusesStreamsBeyondTheBound) {
  start();
  for (std::uint32_t i = 0; i < 130; ++i) say(get(2 * i + 1, "/wait"));
  EXPECT_EQ(host.waiting.size(), 128U);
  EXPECT_EQ(reader.resets.at(257), static_cast<std::uint32_t>(NGHTTP2_REFUSED_STREAM));
}

TEST_F(Http2, TakesBytesOneByOne) {
  const std::string all =
      frames::start() + post_head(1, "/echo") + data(1, "01234", 0) + data(1, "56789") + get(3, "/hello");
  for (const char byte : all) say({&byte, 1});
  EXPECT_EQ(reader.answers[1].body, "0123456789");
  EXPECT_EQ(reader.answers[3].body, "hello");
  EXPECT_EQ(host.pool.in_use(), 0U);
}

TEST_F(Http2, AnUnfinishedBodyPinsNoSlab) {
  start();
  say(post_head(1, "/echo") + data(1, "01234", 0));
  EXPECT_EQ(host.pool.in_use(), 0U);
  say(data(1, ""));
  EXPECT_EQ(reader.answers[1].body, "01234");
}

TEST_F(Http2, JoinsCookieCrumbs) {  // RFC 9113 clause 8.2.3
  start();
  say(get(1, "/hello", {{"cookie", "a=b"}, {"x", "y"}, {"cookie", "c=d"}}));
  EXPECT_TRUE(host.seen.ends_with("|cookie:a=b; c=d")) << host.seen;
}

TEST_F(Http2, HeadHasNoBody) {
  start();
  say(frames::headers(1, frames::request("HEAD", "/hello")));
  EXPECT_EQ(reader.answers[1].fields.at("content-length"), "5");
  EXPECT_EQ(reader.answers[1].body, "");
  EXPECT_TRUE(reader.answers[1].is_ended);
}

TEST_F(Http2, TrailersAreNotFields) {
  start();
  say(post_head(1, "/echo") + data(1, "abc", 0) + frames::headers(1, {{"x", "y"}}));
  EXPECT_EQ(reader.answers[1].body, "abc");
}

TEST_F(Http2, RoutesAndRefuses) {
  start();
  say(get(1, "/nothing") + frames::headers(3, frames::request("DELETE", "/hello")));
  EXPECT_EQ(reader.answers[1].status, "404");
  EXPECT_EQ(reader.answers[1].fields.at("content-type"), "application/problem+json");
  EXPECT_EQ(reader.answers[3].status, "405");
  EXPECT_EQ(reader.answers[3].fields.at("allow"), "GET, HEAD");
  EXPECT_FALSE(host.protocol->is_finished());
}

TEST_F(Http2, RefusesABodyThatIsTooLargeBeforeReadingIt) {
  start();
  say(post_head(1, "/echo", {{"content-length", "1001"}}));
  EXPECT_EQ(reader.answers[1].status, "413");
  say(post_head(3, "/echo") + data(3, std::string(1000, 'x'), 0));
  EXPECT_FALSE(reader.answers.contains(3));
  say(data(3, "x", 0));
  EXPECT_EQ(reader.answers[3].status, "413");
  say(get(5, "/hello"));
  EXPECT_EQ(reader.answers[5].status, "200");
}

// RFC 9113 clause 8.1. Whoever is still writing sees the answer first.
TEST_F(Http2, AsksToStopAWhileAfterAnEarlyAnswer) {
  start();
  say(post_head(1, "/echo", {{"content-length", "1001"}}));
  EXPECT_EQ(reader.answers[1].status, "413");
  EXPECT_TRUE(reader.answers[1].is_ended);
  say(data(1, std::string(1000, 'x'), 0));
  EXPECT_FALSE(reader.resets.contains(1));
  host.advance(Milliseconds(2500));
  reader.read(host.pull());
  EXPECT_EQ(reader.resets.at(1), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  say(get(3, "/hello"));
  EXPECT_EQ(reader.answers[3].status, "200");
}

TEST_F(Http2, AsksToStopAtOnceWhenTheRestIsLong) {
  start();
  say(post_head(1, "/echo", {{"content-length", "9999999"}}));
  for (int i = 0; i < 66; ++i) {
    EXPECT_FALSE(reader.resets.contains(1)) << i;
    say(data(1, std::string(16'384, 'x'), 0));
    if (reader.resets.contains(1)) break;
  }
  EXPECT_EQ(reader.resets.at(1), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
}

// Whose rest comes in time needs no reset.
TEST_F(Http2, AnEarlyAnswerWhoseRequestEndsSoonIsNotReset) {
  start();
  say(post_head(1, "/echo", {{"content-length", "1001"}}));
  EXPECT_EQ(reader.answers[1].status, "413");
  say(data(1, std::string(1001, 'x'), 1));
  host.advance(Milliseconds(2500));
  reader.read(host.pull());
  EXPECT_FALSE(reader.resets.contains(1));
}

TEST_F(Http2, MeasuresTargets) {
  start();
  say(get(1, "/" + std::string(kTargetBytesMax - 1, 'x')));
  EXPECT_EQ(reader.answers[1].status, "404");
  say(get(3, "/" + std::string(kTargetBytesMax, 'x')));
  EXPECT_EQ(reader.answers[3].status, "414");
  EXPECT_FALSE(host.protocol->is_finished());
}

TEST_F(Http2, RefusesBadTargets) {
  start();
  std::uint32_t id = 1;
  for (const char* path : {"/a b", "/a#b", "/\x80"}) {
    say(get(id, path));
    const bool is_refused = reader.answers[id].status == "400" || reader.resets.contains(id);
    EXPECT_TRUE(is_refused) << path;
    id += 2;
  }
  EXPECT_EQ(host.hellos, 0);
}

TEST_F(Http2, TheFirstOversizedListEndsTheConnection) {
  start();
  // method 42, scheme 44, authority 51, path 39: 176 with each field's 32
  const std::size_t rest = kHeaderBytesMax - 42 - 44 - 51 - 43 - 33;
  say(get(1, "/hello", {{"x", std::string(rest, 'x')}}));
  EXPECT_EQ(reader.answers[1].status, "200");
  say(get(3, "/hello", {{"x", std::string(rest + 1, 'x')}}) + get(5, "/hello"));
  EXPECT_EQ(reader.answers[3].status, "431");
  EXPECT_FALSE(reader.answers.contains(5));
  expect_ended(NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(host.counters.abuses.read(), 1U);
}

TEST_F(Http2, CountsFields) {
  start();
  frames::Fields many;
  for (std::size_t i = 0; i < kFieldsMax; ++i) many.push_back({"x", "y"});
  say(get(1, "/hello", many));
  EXPECT_EQ(reader.answers[1].status, "200");
  many.push_back({"x", "y"});
  say(get(3, "/hello", many));
  EXPECT_EQ(reader.answers[3].status, "431");
  expect_ended(NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2, ABombOfIndexedFieldsIsCutAtTheLimit) {
  start();
  // One field of 4000 bytes put into the table, then named 10 000 times in one byte each.
  std::string bomb = frames::block(frames::request("GET", "/hello"));
  std::string literal = frames::block({{"x", std::string(4000, 'x')}});
  literal[0] = '\x40';  // with incremental indexing
  bomb += literal + std::string(10'000, '\xbe');
  say(frames::frame(frames::kHeaders, frames::kEndHeaders | frames::kEndStream, 1, bomb));
  EXPECT_EQ(reader.answers[1].status, "431");
  expect_ended(NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2, MalformedRequestsAreReset) {
  start();
  std::uint32_t id = 1;
  for (const frames::Fields& fields : std::initializer_list<frames::Fields>{
           {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}},
           {{":scheme", "https"}, {":authority", "a"}, {":path", "/hello"}},
           {{":method", "GET"}, {":method", "GET"}, {":scheme", "https"}, {":path", "/hello"}},
           frames::request("GET", ""),
           frames::request("GET", "hello"),
           frames::request("GET", "/hello", {{":path", "/hello"}}),
           frames::request("GET", "/hello", {{"X", "upper case"}}),
           frames::request("GET", "/hello", {{"connection", "close"}}),
           frames::request("GET", "/hello", {{"transfer-encoding", "chunked"}}),
           frames::request("GET", "/hello", {{"content-length", "1"}}),
           frames::request("GET", "/hello", {{"content-length", "x"}}),
       }) {
    say(frames::headers(id, fields));
    EXPECT_TRUE(reader.resets.contains(id)) << id;
    EXPECT_FALSE(reader.answers.contains(id)) << id;
    id += 2;
  }
  EXPECT_EQ(host.hellos, 0);
  say(get(id, "/hello"));
  EXPECT_EQ(reader.answers[id].status, "200");
}

TEST_F(Http2, FieldsThatBreakTheRulesAreNotSeen) {
  start();
  say(get(1, "/hello", {{"x", "a\r\nb"}, {"y", std::string("a\0b", 3)}, {"a b", "c"}}));
  EXPECT_EQ(host.seen.find("|x="), std::string::npos);
  EXPECT_EQ(host.seen.find("|y="), std::string::npos);
  EXPECT_EQ(host.seen.find("a b"), std::string::npos);
}

TEST_F(Http2, LengthsMustMatch) {
  start();
  say(post_head(1, "/echo", {{"content-length", "3"}}) + data(1, "ab"));
  EXPECT_EQ(reader.resets.at(1), static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR));
  say(post_head(3, "/echo", {{"content-length", "3"}}) + data(3, "abcd"));
  EXPECT_TRUE(reader.resets.contains(3));
}

TEST_F(Http2, NoPrefaceNoConnection) {
  say("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(host.protocol->is_finished());
  EXPECT_EQ(host.counters.protocol_errors.read(), 1U);
}

TEST_F(Http2, NoTokenStaysBehindAnError) {
  const std::string token = "Bearer " + std::string(200, 'e');
  const auto head = [&] {
    return frames::frame(frames::kHeaders, frames::kEndHeaders | frames::kEndStream, 1,
                         Deflater().block({{":method", "GET"}, {"authorization", token}}));
  };
  // The frame is unpacked, the stream's number found wrong, and no more is taken.
  say(std::string(frames::kPreface) + frames::settings());
  std::string wrong = head();
  wrong[8] = 2;
  say(wrong + head());
  EXPECT_TRUE(host.protocol->is_finished());
  // Neither in the slab of what came, which has it Huffman coded, nor in that of what was unpacked.
  EXPECT_EQ(host.pool.in_use(), 0U);
  SlabWriter first(host.pool, kSlabBytes);
  SlabWriter second(host.pool, kSlabBytes);
  for (SlabWriter* each : {&first, &second}) {
    EXPECT_EQ(as_text(each->unwritten()).find(token.substr(0, 100)), std::string_view::npos);
  }
}

TEST_F(Http2, BrokenFramesEndTheConnection) {
  for (const std::string& broken :
       {frames::frame(frames::kHeaders, frames::kEndHeaders, 0, ""),
        frames::frame(frames::kHeaders, frames::kEndHeaders, 2, frames::block(frames::request("GET", "/"))),
        frames::frame(frames::kPing, 0, 0, "123"), frames::frame(frames::kWindowUpdate, 0, 0, "12"),
        frames::window_update(0, 0), data(0, "x"), data(1, "x"), frames::frame(frames::kSettings, 0, 1, ""),
        frames::frame(frames::kSettings, 0, 0, "12345"), frames::frame(frames::kContinuation, 4, 1, ""),
        frames::frame(frames::kPush, 0, 1, "1234"), frames::frame(frames::kData, 0, 1, std::string(16385, 'x')),
        frames::frame(frames::kHeaders, frames::kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff"),
        frames::frame(frames::kReset, 0, 1, "1234")}) {
    FakeHost fresh;
    frames::Reader answers;
    fresh.start_http2();
    answers.read(fresh.exchange(frames::start() + broken));
    EXPECT_TRUE(fresh.protocol->is_finished()) << testing::PrintToString(broken.substr(0, 20));
    EXPECT_FALSE(answers.goaways.empty()) << testing::PrintToString(broken.substr(0, 20));
  }
}

// ---- floods: cut off after a bounded number of frames, each

TEST_F(Http2, ARapidResetIsCutOff) {  // CVE-2023-44487
  start();
  std::uint32_t id = 1;
  for (int i = 0; i < 1000 && !host.protocol->is_finished(); ++i, id += 2) say(get(id, "/wait") + frames::reset(id));
  expect_ended(NGHTTP2_INTERNAL_ERROR);
  EXPECT_LT(id, 2U * 300U);
  EXPECT_EQ(host.counters.requests_in_flight.read(), 0U);
}

TEST_F(Http2, FloodsOfFramesWithoutWorkAreCutOff) {
  const std::string opened = post_head(1, "/wait");
  for (const std::string& frame :
       {data(1, "", 0), data(1, "x", 0), frames::priority(1), frames::priority(7), frames::window_update(0, 1),
        frames::window_update(1, 1), frames::settings(), frames::frame(0xFA, 0, 1, "abc"),
        frames::frame(frames::kData, frames::kPadded, 1, std::string("\x05") + std::string(5, '\0'))}) {
    FakeHost fresh;
    frames::Reader answers;
    fresh.start_http2();
    answers.read(fresh.exchange(frames::start() + opened));
    std::size_t sent = 0;
    while (sent < 100'000 && !fresh.protocol->is_finished()) {
      std::string some;
      for (int i = 0; i < 100; ++i) some += frame;
      answers.read(fresh.exchange(some));
      sent += 100;
    }
    EXPECT_TRUE(fresh.protocol->is_finished());
    EXPECT_LE(sent, static_cast<std::size_t>(FrameMeter::kAllowanceMax) + 200);
    ASSERT_FALSE(answers.goaways.empty());
    EXPECT_EQ(answers.goaways.back(), static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
    EXPECT_EQ(fresh.counters.abuses.read(), 1U) << testing::PrintToString(frame);
  }
}

TEST_F(Http2, APingFloodIsCutOff) {
  start();
  std::string pings;
  for (int i = 0; i < 3000; ++i) pings += frames::ping();
  say(pings);
  EXPECT_TRUE(host.protocol->is_finished());
}

TEST_F(Http2, AContinuationFloodIsCutOff) {  // CVE-2024-27316
  start();
  say(frames::frame(frames::kHeaders, 0, 1, frames::block(frames::request("GET", "/hello"))));
  const std::size_t said = flood(frames::frame(frames::kContinuation, 0, 1, frames::block({{"x", "y"}})), 10'000);
  EXPECT_TRUE(host.protocol->is_finished());
  EXPECT_LT(said, 1000U);
  EXPECT_EQ(host.hellos, 0);
}

TEST_F(Http2, WhatClientsDoIsNoFlood) {
  start();
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const std::uint32_t id = 2 * i + 1;
    say(frames::priority(id) + post_head(id, "/echo") + frames::window_update(id, 1000) + data(id, "abc", 0) +
        data(id, "def", 0) + data(id, "") + frames::window_update(0, 1000));
    if (i % 10 == 0) say(frames::ping());
  }
  EXPECT_FALSE(host.protocol->is_finished());
  EXPECT_EQ(host.counters.responses[2].read(), 5000U);
}

// ---- time

TEST_F(Http2, ASlowBodyIsRefused) {
  start();
  say(post_head(1, "/wait"));
  host.advance(9s);
  say(data(1, std::string(1024, 'x'), 0));  // earns a second
  host.advance(1s);
  reader.read(host.pull());
  EXPECT_FALSE(reader.answers.contains(1));
  host.advance(1s);
  reader.read(host.pull());
  EXPECT_EQ(reader.answers[1].status, "408");
  EXPECT_FALSE(host.protocol->is_finished());
}

TEST_F(Http2, ASlowHeadEndsTheConnection) {
  start();
  say(frames::frame(frames::kHeaders, 0, 1, frames::block(frames::request("GET", "/hello"))));
  for (int i = 0; i < 11; ++i) host.advance(1s);
  expect_ended(NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2, AnIdleConnectionIsClosed) {
  start();
  say(get(1, "/hello"));
  host.advance(host.limits.idle - 1s);
  EXPECT_FALSE(host.protocol->is_finished());
  host.advance(1s);
  expect_ended(NGHTTP2_NO_ERROR);
}

TEST_F(Http2, AConnectionThatNeverSpeaksIsClosedSooner) {
  host.advance(host.limits.head);
  EXPECT_TRUE(host.protocol->is_finished());
}

TEST_F(Http2, AHandlerMayTakeItsTime) {
  start();
  say(get(1, "/wait"));
  for (int i = 0; i < 200; ++i) host.advance(1s);
  host.answer_waiting();
  reader.read(host.pull());
  EXPECT_EQ(reader.answers[1].body, "waited");
}

// ---- ends

TEST_F(Http2, AResetCancelsTheRequest) {
  start();
  say(get(1, "/wait") + get(3, "/wait"));
  ASSERT_EQ(host.waiting.size(), 2U);
  say(frames::reset(1));
  EXPECT_TRUE(host.waiting[0].is_abandoned());
  EXPECT_FALSE(host.waiting[1].is_abandoned());
  EXPECT_EQ(host.counters.requests_in_flight.read(), 1U);
  EXPECT_EQ(host.counters.requests_cancelled.read(), 1U);
  host.answer_waiting();
  reader.read(host.pull());
  EXPECT_EQ(reader.answers[3].body, "waited");
}

TEST_F(Http2, TheConnectionsEndCancelsItsRequests) {
  start();
  say(get(1, "/wait") + get(3, "/large"));
  host.stop();
  EXPECT_TRUE(host.waiting[0].is_abandoned());
  EXPECT_EQ(host.counters.requests_in_flight.read(), 0U);
  EXPECT_EQ(host.pool.in_use(), 0U);
}

TEST_F(Http2, DrainsInTwoSteps) {  // RFC 9113 clause 6.8
  start();
  say(get(1, "/wait"));
  host.protocol->drain();
  reader.read(host.pull());
  EXPECT_EQ(reader.goaway_last, (std::vector<std::uint32_t>{0x7FFFFFFF}));
  say(get(3, "/hello"));  // it was on its way
  EXPECT_EQ(reader.answers[3].body, "hello");
  host.advance(1s);
  reader.read(host.pull());
  EXPECT_EQ(reader.goaway_last, (std::vector<std::uint32_t>{0x7FFFFFFF, 3}));
  say(get(5, "/hello"));
  EXPECT_FALSE(reader.answers.contains(5));
  EXPECT_FALSE(host.protocol->is_finished());
  host.answer_waiting();
  reader.read(host.pull());
  EXPECT_EQ(reader.answers[1].body, "waited");
  EXPECT_TRUE(host.protocol->is_finished());
}

TEST_F(Http2, AnIdleConnectionDrainsAtOnce) {
  start();
  host.protocol->drain();
  reader.read(host.pull());
  host.advance(1s);
  reader.read(host.pull());
  EXPECT_TRUE(host.protocol->is_finished());
}

TEST_F(Http2, RefusesBeyondTheHandlersBound) {
  host.limits.in_flight_max = 2;
  start();
  say(get(1, "/wait") + get(3, "/wait") + get(5, "/hello"));
  EXPECT_EQ(reader.answers[5].status, "503");
  EXPECT_EQ(reader.answers[5].fields.at("retry-after"), "1");
  host.answer_waiting();
  reader.read(host.pull());
  say(get(7, "/hello"));
  EXPECT_EQ(reader.answers[7].status, "200");
}

TEST_F(Http2, RefusesWhenTheShardHoldsTooMuch) {
  host.limits.held_bytes_max = 2000;
  start();
  say(post_head(1, "/echo") + data(1, std::string(900, 'x'), 0));
  say(post_head(3, "/echo") + data(3, std::string(900, 'x'), 0));
  EXPECT_EQ(reader.answers[3].status, "503");
  EXPECT_FALSE(reader.answers.contains(1));
  say(data(1, ""));
  EXPECT_EQ(reader.answers[1].body.size(), 900U);
  EXPECT_EQ(host.counters.requests_held_bytes.read(), 0U);
  say(post_head(5, "/wait") + data(5, std::string(900, 'x')));
  EXPECT_GE(host.counters.requests_held_bytes.read(), 900U);
  say(frames::reset(5));
  EXPECT_EQ(host.counters.requests_held_bytes.read(), 0U);
}

}  // namespace
}  // namespace claviger::http
