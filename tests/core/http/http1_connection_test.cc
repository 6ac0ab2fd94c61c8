#include "core/http/http1_connection.h"

#include <gtest/gtest.h>

#include "tests/core/http/fake_host.h"

namespace claviger::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: a.example\r\n\r\n";

struct Http1 : testing::Test {
  Http1() { host.start_http1(); }
  std::string status_of(std::string_view bytes) {
    const std::string answer = host.exchange(bytes);
    return answer.substr(0, answer.find("\r\n"));
  }
  // The answer is this status, and the connection ends.
  void expect_refused(std::string_view bytes, std::string_view status) {
    FakeHost fresh;
    fresh.start_http1();
    const std::string answer = fresh.exchange(bytes);
    const std::string_view shown = bytes.substr(0, 200);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 "s + std::string(status) + " ")) << shown << "\n-> " << answer;
    EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos) << shown;
    EXPECT_TRUE(fresh.protocol->is_finished()) << shown;
    EXPECT_EQ(fresh.hellos, 0) << shown;
    fresh.stop();
    EXPECT_EQ(fresh.pool.in_use(), 0U) << shown;
  }
  FakeHost host;
};

TEST_F(Http1, AnswersARequest) {
  EXPECT_EQ(host.exchange(kGet),
            "HTTP/1.1 200 OK\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\ncontent-type: text/plain\r\n"
            "content-length: 5\r\ncache-control: no-store\r\n\r\nhello");
  EXPECT_FALSE(host.protocol->is_finished());
  EXPECT_EQ(host.pool.in_use(), 0U);
}

TEST_F(Http1, ShowsTheRequestAsItIs) {
  host.exchange("GET /hello?a=b%20c HTTP/1.1\r\nHOST: a.example:8443\r\nX-Thing:  v v \r\nCookie: k=v\r\n\r\n");
  EXPECT_EQ(host.seen, "GET a.example:8443 /hello a=b%20c|host=a.example:8443|x-thing=v v|cookie=k=v|cookie:k=v");
}

TEST_F(Http1, TakesAnAbsoluteTarget) {  // RFC 9112 clause 3.2.2
  EXPECT_EQ(status_of("GET http://b.example/hello HTTP/1.1\r\nHost: a.example\r\n\r\n"), "HTTP/1.1 200 OK");
  EXPECT_TRUE(host.seen.starts_with("GET b.example /hello "));
}

TEST_F(Http1, SkipsOneEmptyLineBeforeARequest) {  // RFC 9112 clause 2.2
  const std::string request = "\r\n" + std::string(kGet);
  for (std::size_t cut = 0; cut < request.size(); ++cut) {
    FakeHost fresh;
    fresh.start_http1();
    EXPECT_EQ(fresh.exchange(request.substr(0, cut)), "") << cut;
    EXPECT_TRUE(fresh.exchange(request.substr(cut)).starts_with("HTTP/1.1 200 OK\r\n")) << cut;
    EXPECT_TRUE(fresh.exchange(request).starts_with("HTTP/1.1 200 OK\r\n")) << cut << ": and before the next one";
    EXPECT_EQ(fresh.pool.in_use(), 0U);
  }
}

TEST_F(Http1, WaitsAtEveryByte) {
  for (std::size_t cut = 1; cut < kGet.size(); ++cut) {
    FakeHost fresh;
    fresh.start_http1();
    EXPECT_EQ(fresh.exchange(kGet.substr(0, cut)), "") << cut;
    EXPECT_TRUE(fresh.exchange(kGet.substr(cut)).starts_with("HTTP/1.1 200 OK\r\n")) << cut;
  }
}

TEST_F(Http1, TakesABodyInPieces) {
  const std::string request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    FakeHost fresh;
    fresh.start_http1();
    EXPECT_EQ(fresh.exchange(request.substr(0, cut)), "") << cut;
    EXPECT_TRUE(fresh.exchange(request.substr(cut)).ends_with("\r\n\r\n0123456789")) << cut;
    EXPECT_EQ(fresh.pool.in_use(), 0U);
  }
}

TEST_F(Http1, TakesAChunkedBodyInPieces) {
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\n012\r\n7;x=y\r\n3456789\r\n0\r\nt: "
      "v\r\n\r\n";
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    FakeHost fresh;
    fresh.start_http1();
    EXPECT_EQ(fresh.exchange(request.substr(0, cut)), "") << cut;
    EXPECT_TRUE(fresh.exchange(request.substr(cut)).ends_with("\r\n\r\n0123456789")) << cut;
    EXPECT_FALSE(fresh.protocol->is_finished());
  }
}

TEST_F(Http1, TakesAChunkedBodyByteByByte) {
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n012\r\n1\r\n3\r\n0\r\n\r\n";
  for (std::size_t at = 0; at + 1 < request.size(); ++at) EXPECT_EQ(host.exchange(request.substr(at, 1)), "") << at;
  EXPECT_TRUE(host.exchange("\n").ends_with("\r\n\r\n0123"));
  EXPECT_FALSE(host.protocol->is_finished());
}

TEST_F(Http1, AUnfinishedBodyPinsNoSlab) {
  host.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
  EXPECT_EQ(host.pool.in_use(), 1U);  // the head's
}

TEST_F(Http1, AnswersPipelinedRequestsInOrder) {
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const std::string answer = host.exchange(std::string(kGet) + post + std::string(kGet));
  EXPECT_EQ(host.hellos, 2);
  const std::size_t first = answer.find("\r\n\r\nhello");
  const std::size_t second = answer.find("\r\n\r\nabc");
  EXPECT_LT(first, second);
  EXPECT_LT(second, answer.rfind("\r\n\r\nhello"));
}

TEST_F(Http1, LooksAtTheNextWhenTheFirstIsAnswered) {
  EXPECT_EQ(host.exchange("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet)), "");
  EXPECT_EQ(host.hellos, 0);
  host.answer_waiting();
  const std::string answer = host.pull();
  EXPECT_LT(answer.find("waited"), answer.find("hello"));
  EXPECT_EQ(host.hellos, 1);
}

TEST_F(Http1, StopsReadingWhileTooMuchWaits) {
  host.feed("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(host.protocol->wants_input());
  std::string flood;
  while (flood.size() < kUnparsedMax) flood += kGet;
  host.feed(flood);
  EXPECT_FALSE(host.protocol->wants_input());
  host.answer_waiting();
  host.pull();
  EXPECT_TRUE(host.protocol->wants_input());
  EXPECT_EQ(host.hellos, static_cast<int>(flood.size() / kGet.size()));
}

TEST_F(Http1, PipelinedAnswersWaitForThePeerToRead) {
  std::string flood;
  for (int i = 0; i < 100; ++i) flood += "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
  host.feed(flood);
  EXPECT_EQ(host.counters.responses[2].read(), 1U);
  std::size_t size = host.pull().size();
  EXPECT_EQ(host.counters.responses[2].read(), 100U);
  EXPECT_GT(size, 100U * 300'000U);
}

TEST_F(Http1, ALargeBodyIsPulledInPieces) {
  host.feed("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = host.pull(4096);
  EXPECT_TRUE(answer.ends_with("LLLL"));
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 300'000U);
}

TEST_F(Http1, HeadHasTheFieldsButNoBody) {
  const std::string answer = host.exchange("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(answer.find("content-length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(Http1, SaysContinueWhenAsked) {  // RFC 9110 clause 10.1.1
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(host.exchange(head), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(host.exchange("abc").starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(host.exchange(head + "abc").starts_with("HTTP/1.1 200 OK\r\n"));  // it did not wait
  expect_refused("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n", "413");
  expect_refused("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: coffee\r\n\r\n", "417");
}

TEST_F(Http1, EndsWhenAsked) {
  EXPECT_TRUE(host.exchange("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ends_with("hello"));
  EXPECT_TRUE(host.protocol->is_finished());
  FakeHost old;
  old.start_http1();
  EXPECT_TRUE(old.exchange("GET /hello HTTP/1.0\r\n\r\n").ends_with("hello"));
  EXPECT_TRUE(old.protocol->is_finished());
}

TEST_F(Http1, RoutesWithoutABodyKeepTheConnection) {
  EXPECT_EQ(status_of("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 404 Not Found");
  EXPECT_FALSE(host.protocol->is_finished());
  const std::string answer = host.exchange("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 "));
  EXPECT_NE(answer.find("allow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
  EXPECT_EQ(status_of(kGet), "HTTP/1.1 200 OK");
}

// What two readers could understand differently, and what no client of ours sends.
TEST_F(Http1, RefusesWhatIsMalformed) {
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& request : std::initializer_list<std::string>{
           post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
           post + "Transfer-Encoding: identity\r\n\r\n",
           post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
           post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           post + "Content-Length: 5, 5\r\n\r\nabcde",
           post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
           post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
           post + "Content-Length: +5\r\n\r\nabcde",
           post + "Content-Length: -5\r\n\r\nabcde",
           post + "Content-Length: 0x5\r\n\r\nabcde",
           post + "Content-Length:\r\n\r\nabcde",
           post + "Content-Length: 99999999999999999999\r\n\r\nabcde",
           post + "Content-Length : 5\r\n\r\nabcde",
           post + "Transfer-Encoding: chunked\r\n\r\nz\r\n",
           post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
           post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
           post + "X: a\r\n b\r\n\r\n",  // obs-fold
           post + " X: a\r\n\r\n",       // continues Host
           post + "X: a\r\n\tb: c\r\n\r\n",
           post + "X: a\0b\r\n\r\n"s,
           post + "X: a\rb\r\n\r\n",
           post + "X y: a\r\n\r\n",
           post + ": a\r\n\r\n",
           post + "X\r\n\r\n",
           post + "Host: b\r\n\r\n",
           "GET /hello HTTP/1.1\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost:\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost: a@b\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost: a, b\r\n\r\n",
           "GET /hello HTTP/1.1\nHost: a\n\n",
           "GET /hello HTTP/1.1\r\nHost: a\n\r\n",
           "GET /hello HTTP/1.1\r\nHost: a\r\n\n",
           "GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET /hello  HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET /hello HTTP/1.1 \r\nHost: a\r\n\r\n",
           "GET /hello HTTP/2.0\r\nHost: a\r\n\r\n",
           "GET /hello HTTP/0.9\r\nHost: a\r\n\r\n",
           "GET /hello\r\nHost: a\r\n\r\n",
           "GET hello HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET /he#llo HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET /h\x80llo HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET ftp://a/hello HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET http:///hello HTTP/1.1\r\nHost: a\r\n\r\n",
           "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
           "G@T /hello HTTP/1.1\r\nHost: a\r\n\r\n",
           "\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
           "\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
           "\rGET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
           "\r\n\r\n",
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"s,
       }) {
    expect_refused(request, "400");
  }
}

TEST_F(Http1, MeasuresTargetsAndFields) {
  const std::string fields = " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(status_of("GET /" + std::string(kTargetBytesMax - 1, 'x') + fields), "HTTP/1.1 404 Not Found");
  expect_refused("GET /" + std::string(kTargetBytesMax, 'x') + fields, "414");
  expect_refused("GET /" + std::string(2 * kTargetBytesMax, 'x'), "414");  // before the line ends

  const std::string head = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  const std::string fits(kHeaderBytesMax - 9 - 3 - 2 - 2, 'x');
  EXPECT_EQ(status_of(head + "X: " + fits + "\r\n\r\n"), "HTTP/1.1 200 OK");
  expect_refused(head + "X: " + fits + "x\r\n\r\n", "431");
  expect_refused(head + "X: " + std::string(2 * kHeaderBytesMax, 'x'), "431");  // before the list ends

  std::string many = head;
  for (std::size_t i = 1; i < kFieldsMax; ++i) many += "X: y\r\n";
  EXPECT_EQ(status_of(many + "\r\n"), "HTTP/1.1 200 OK");
  expect_refused(many + "X: y\r\n\r\n", "400");
}

TEST_F(Http1, RefusesABodyThatIsTooLargeBeforeReadingIt) {
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(status_of(post + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x')), "HTTP/1.1 200 OK");
  expect_refused(post + "Content-Length: 1001\r\n\r\n", "413");
  expect_refused(post + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x'), "413");
  expect_refused(post + "Transfer-Encoding: chunked\r\n\r\n40000001\r\nx", "413");
  expect_refused(post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(kChunkHeaderMax + 100, 'x'), "400");
}

// RFC 9110 clause 8.4 and 12.5.3: nothing is read as if a coding were not there.
TEST_F(Http1, RefusesABodyWithAContentCoding) {
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n";
  for (const char* coding : {"gzip", "br", "identity, gzip", "x", "GZIP"}) {
    expect_refused(post + "Content-Encoding: " + coding + "\r\n\r\nabc", "415");
  }
  FakeHost fresh;
  fresh.start_http1();
  EXPECT_NE(fresh.exchange(post + "Content-Encoding: gzip\r\n\r\nabc").find("accept-encoding: identity\r\n"),
            std::string::npos);
  EXPECT_EQ(status_of(post + "Content-Encoding: identity\r\n\r\nabc"), "HTTP/1.1 200 OK");
  EXPECT_EQ(status_of(post + "Content-Encoding: Identity\r\n\r\nabc"), "HTTP/1.1 200 OK");
  EXPECT_EQ(status_of("GET /hello HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n\r\n"), "HTTP/1.1 200 OK");
}

TEST_F(Http1, AnUnroutedBodyEndsTheConnection) {
  expect_refused("POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "404");
}

TEST_F(Http1, RefusesBeyondTheHandlersBound) {
  host.limits.in_flight_max = 1;
  host.exchange("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  FakeHost* const first = &host;
  const auto second = make_http1(*first, *first->dispatcher, first->fixed);
  second->receive(Slice::of_static(kGet));
  std::vector<std::byte> room(kSlabBytes);
  const std::string answer(as_text(Bytes(room).first(second->produce(room))));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("retry-after: 1\r\n"), std::string::npos);
  EXPECT_EQ(host.counters.requests_overload.read(), 1U);
}

TEST_F(Http1, RefusesWhenTheShardHoldsTooMuch) {
  host.limits.held_bytes_max = 500;
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\n\r\n";
  EXPECT_EQ(host.exchange(head + std::string(300, 'x')), "");
  EXPECT_TRUE(host.exchange(std::string(300, 'x')).starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(host.protocol->is_finished());
  EXPECT_EQ(host.counters.requests_held_bytes.read(), 0U);
}

TEST_F(Http1, AConnectionThatGoesAwayCancelsItsRequest) {
  host.exchange("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(host.waiting.size(), 1U);
  EXPECT_FALSE(host.waiting[0].is_abandoned());
  EXPECT_EQ(host.counters.requests_in_flight.read(), 1U);
  host.stop();
  EXPECT_TRUE(host.waiting[0].is_abandoned());
  EXPECT_EQ(host.counters.requests_in_flight.read(), 0U);
  EXPECT_EQ(host.counters.requests_cancelled.read(), 1U);
}

TEST_F(Http1, AnAnswerIsHeldUntilItIsPulled) {
  host.feed("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_GT(host.counters.requests_held_bytes.read(), 300'000U);
  EXPECT_EQ(host.pool.in_use(), 0U);  // nothing of the request
  host.pull();
  EXPECT_EQ(host.counters.requests_held_bytes.read(), 0U);
  host.feed("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  host.stop();
  EXPECT_EQ(host.counters.requests_held_bytes.read(), 0U);
}

TEST_F(Http1, ASlowHeadIsCutOff) {
  host.exchange("GET /hello HTTP/1.1\r\n");
  for (int i = 0; i < 9; ++i) {
    host.advance(1s);
    EXPECT_EQ(host.exchange("X: y\r\n"), "");  // a byte now and then does not help
  }
  host.advance(1s);
  EXPECT_TRUE(host.pull().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(host.protocol->is_finished());
}

TEST_F(Http1, ASlowBodyIsCutOff) {
  host.exchange("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n");
  host.advance(9s);
  host.exchange(std::string(1024, 'x'));  // earns one second
  host.advance(1s);
  EXPECT_EQ(host.pull(), "");
  host.advance(1s);
  EXPECT_TRUE(host.pull().starts_with("HTTP/1.1 408 "));
}

TEST_F(Http1, ABodyAtTheLeastRateIsTaken) {
  host.exchange("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 51200\r\n\r\n");
  for (int i = 0; i < 50; ++i) {
    host.advance(1s);
    host.exchange(std::string(1024, 'x'));
  }
  EXPECT_EQ(host.waiting.size(), 1U);
}

TEST_F(Http1, AnIdleConnectionIsClosedWithoutAWord) {
  host.exchange(kGet);
  host.advance(host.limits.idle - 1s);
  EXPECT_FALSE(host.protocol->is_finished());
  host.advance(1s);
  EXPECT_EQ(host.pull(), "");
  EXPECT_TRUE(host.protocol->is_finished());
}

TEST_F(Http1, AHandlerHasItsOwnDeadlines) {
  host.exchange("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(host.protocol->deadline(), Monotonic::max());
}

TEST_F(Http1, DrainsAfterTheRequestInFlight) {
  host.exchange("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  host.protocol->drain();
  EXPECT_FALSE(host.protocol->is_finished());
  host.answer_waiting();
  EXPECT_NE(host.pull().find("connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(host.protocol->is_finished());
  FakeHost idle;
  idle.start_http1();
  idle.exchange(kGet);
  idle.protocol->drain();
  EXPECT_TRUE(idle.protocol->is_finished());
}

TEST_F(Http1, SendsTheListenersFields) {
  const FixedHeaders fixed{{"strict-transport-security", "max-age=1"}};
  FakeHost secured(fixed);
  secured.start_http1();
  EXPECT_NE(secured.exchange(kGet).find("\r\nstrict-transport-security: max-age=1\r\n"), std::string::npos);
}

}  // namespace
}  // namespace claviger::http
