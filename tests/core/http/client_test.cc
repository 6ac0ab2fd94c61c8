#include "core/http/client.h"

#include "core/net/acceptor.h"
#include "tests/core/http/world.h"

namespace claviger::http {
namespace {

using namespace std::chrono_literals;

// A server that answers what the test tells it, byte by byte.
class ClientTest : public World {
 protected:
  void SetUp() override {
    auto socket = net::ListenSocket::open(*net::Address::parse("127.0.0.1:0"));
    ASSERT_TRUE(socket);
    address = socket->address();
    on_shard([&] {
      acceptor.emplace(one.shard, *std::move(socket), [this](net::Descriptor accepted, const net::Address&) {
        served.push_back(std::make_unique<RawPeer>(one.shard, *buffers));
        EXPECT_TRUE(served.back()->stream.accept(std::move(accepted), nullptr));
      });
      EXPECT_TRUE(acceptor->start());
    });
  }
  void TearDown() override {
    on_shard([&] {
      client.reset();
      served.clear();
      acceptor.reset();
    });
    World::TearDown();
  }
  ClientRequest request(const std::string& path = "/") {
    return ClientRequest(Method::Get, "http://" + address.text() + path);
  }
  // Sends, and answers with these bytes once the request is there; then ends the connection or not.
  Result<ClientResponse> answered(const std::string& answer, bool ends = false, Method method = Method::Get,
                                  std::size_t bytes_max = 1'000'000) {
    ClientRequest asked = request();
    asked.method = method;
    asked.response_bytes_max = bytes_max;
    const std::size_t before = served.size();
    const auto result = begin(std::move(asked));
    if (!run([&] { return served.size() > before && served.back()->received.ends_with("\r\n\r\n"); })) {
      return Error{Code::Internal, "test.no_request"};
    }
    on_shard([&] {
      served.back()->to_send = answer;
      served.back()->is_done = ends;
      served.back()->stream.update();
    });
    one.run_turns(50);
    if (!result->has_value()) {
      one.clock.advance(11s);
      run([&] { return result->has_value(); });
    }
    on_shard([&] { client->close_idle(); });
    run([&] { return client->connections() == 0; });
    return **result;
  }

  // The same, as a text.
  std::string seen(const std::string& answer, bool ends = false, Method method = Method::Get) {
    const auto result = answered(answer, ends, method);
    if (!result) return std::string(name_of(result.error().code));
    return std::to_string(result->status) + " " + result->body;
  }

  net::Address address;
  std::optional<net::Acceptor> acceptor;
  std::vector<std::unique_ptr<RawPeer>> served;
};

// What a partner gave us, as a token, must not begin a header of its own.
TEST_F(ClientTest, AValueThatEndsItsHeaderGoesNowhere) {
  for (const std::string value : {"a\r\nx-admin: 1", "a\nb", "a\rb", "a\x7f", "\x01"}) {
    ClientRequest asked = request();
    asked.with("authorization", value);
    const auto result = begin(std::move(asked));
    ASSERT_TRUE(run([&] { return result->has_value(); }));
    EXPECT_TRUE((*result)->failed_with(Code::BadValue)) << value;
  }
  ClientRequest typed = request();
  typed.content_type = "text/plain\r\nx: y";
  const auto result = begin(std::move(typed));
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  EXPECT_TRUE((*result)->failed_with(Code::BadValue));
  EXPECT_TRUE(served.empty());
}

TEST_F(ClientTest, SendsARequestAsItShould) {
  ClientRequest asked = request("/a?b=c");
  asked.method = Method::Post;
  asked.content_type = "text/plain";
  asked.body = "body";
  asked.with("authorization", "Bearer x");
  begin(std::move(asked));
  ASSERT_TRUE(run([&] { return !served.empty() && served[0]->received.ends_with("body"); }));
  EXPECT_EQ(served[0]->received,
            "POST /a?b=c HTTP/1.1\r\nhost: " + address.text() +
                "\r\ncontent-length: 4\r\ncontent-type: text/plain\r\nauthorization: Bearer x\r\n\r\nbody");
}

TEST_F(ClientTest, ReadsEveryKindOfBody) {
  const auto length = answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello");
  ASSERT_TRUE(length);
  EXPECT_EQ(length->body, "hello");
  EXPECT_EQ(length->header("x-a"), "b");
  EXPECT_EQ(seen("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), "200 hello");
  EXPECT_EQ(seen("HTTP/1.1 200 OK\r\n\r\nhello", true), "200 hello");
  EXPECT_EQ(seen("HTTP/1.1 204 No Content\r\n\r\n"), "204 ");
  EXPECT_EQ(seen("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), "304 ");
  EXPECT_EQ(seen("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, Method::Head), "200 ");
  EXPECT_EQ(seen("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            "200 ok");
}

TEST_F(ClientTest, RefusesBadAnswers) {
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", true).failed_with(Code::PeerClosed));
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello").failed_with(Code::ProtocolError));
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                  .failed_with(Code::ProtocolError));
  EXPECT_EQ(seen("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", true), "ProtocolError");
  EXPECT_TRUE(answered("HTTP/1.1 101 Switching Protocols\r\n\r\n").failed_with(Code::ProtocolError));
  EXPECT_TRUE(answered("SSH-2.0-OpenSSH\r\n\r\n").failed_with(Code::ProtocolError));
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello").failed_with(Code::ProtocolError));
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x')).failed_with(Code::ProtocolError));
  EXPECT_TRUE(answered("", true).failed_with(Code::PeerClosed));
  EXPECT_TRUE(answered("HTTP/1.1 2").failed_with(Code::DeadlinePassed));
  std::string hints;
  for (int i = 0; i < 20; ++i) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  EXPECT_TRUE(answered(hints).failed_with(Code::ProtocolError));
}

TEST_F(ClientTest, BoundsAnswers) {
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, Method::Get, 5));
  EXPECT_TRUE(
      answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, Method::Get, 4).failed_with(Code::TooLarge));
}

TEST_F(ClientTest, KeepsConnections) {
  for (int i = 0; i < 3; ++i) {
    const auto result = begin(request());
    ASSERT_TRUE(run([&] { return !served.empty() && served[0]->received.ends_with("\r\n\r\n"); }));
    served[0]->received.clear();
    say(*served[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(run([&] { return result->has_value(); }));
  }
  EXPECT_EQ(served.size(), 1U);
  one.clock.advance(31s);
  ASSERT_TRUE(run([&] { return client->connections() == 0; }));
}

TEST_F(ClientTest, AsksAgainWhenAKeptConnectionHadClosed) {
  auto result = begin(request());
  ASSERT_TRUE(run([&] { return !served.empty() && served[0]->received.ends_with("\r\n\r\n"); }));
  say(*served[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  // The server closes without an answer just when the next request comes.
  result = begin(request("/again"));
  ASSERT_TRUE(run([&] { return served[0]->received.find("/again") != std::string::npos; }));
  on_shard([&] { served[0]->stream.close({Code::Closed, "test"}); });
  ASSERT_TRUE(run([&] { return served.size() == 2 && served[1]->received.ends_with("\r\n\r\n"); }));
  say(*served[1], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  EXPECT_EQ((**result)->body, "ok");
}

TEST_F(ClientTest, DoesNotAskTwiceForWhatChangesThings) {
  auto result = begin(request());
  ASSERT_TRUE(run([&] { return !served.empty() && served[0]->received.ends_with("\r\n\r\n"); }));
  say(*served[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  ClientRequest post = request("/again");
  post.method = Method::Post;
  result = begin(std::move(post));
  ASSERT_TRUE(run([&] { return served[0]->received.find("/again") != std::string::npos; }));
  on_shard([&] { served[0]->stream.close({Code::Closed, "test"}); });
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  EXPECT_TRUE((*result)->failed_with(Code::PeerClosed));
}

TEST_F(ClientTest, OpensSoManyConnectionsAndNoMore) {
  std::vector<std::shared_ptr<std::optional<Result<ClientResponse>>>> results;
  for (int i = 0; i < 20; ++i) results.push_back(begin(request()));
  ASSERT_TRUE(run([&] { return served.size() == 8; }));
  one.run_turns(100);
  EXPECT_EQ(served.size(), 8U);
  const auto is_done = [&] {
    for (const auto& result : results) {
      if (!result->has_value()) return false;
    }
    return true;
  };
  for (int i = 0; i < 2000 && !is_done(); ++i) {
    for (auto& peer : served) {
      if (!peer->received.ends_with("\r\n\r\n")) continue;
      peer->received.clear();
      say(*peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    one.run_turns(1);
  }
  EXPECT_TRUE(is_done());
}

TEST_F(ClientTest, TellsWhyItCannot) {
  EXPECT_EQ(get("nonsense"), "UriSyntax");
  EXPECT_EQ(get("http://no-such-host.invalid/"), "Unreachable");
  on_shard([&] { acceptor.reset(); });
  EXPECT_EQ(get("http://" + address.text() + "/"), "Unreachable");
  on_shard([&] { client.emplace(one.shard, ClientOptions{}); });
  EXPECT_EQ(get("https://" + address.text() + "/"), "Unsupported");
}

TEST_F(ClientTest, ATlsServerThatSaysNothingIsGivenUp) {
  ClientRequest asked(Method::Get, "https://" + address.text() + "/");
  asked.timeout = 3s;
  const auto result = begin(std::move(asked));
  ASSERT_TRUE(run([&] { return !served.empty(); }));
  one.clock.advance(4s);
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  EXPECT_TRUE((*result)->failed_with(Code::DeadlinePassed));
}

TEST_F(ClientTest, DestroyingItTellsWhoWaits) {
  const auto result = begin(request());
  ASSERT_TRUE(run([&] { return !served.empty(); }));
  on_shard([&] { client.reset(); });
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  EXPECT_TRUE((*result)->failed_with(Code::Cancelled));
}

TEST_F(ClientTest, ManyRequestsShareAnHttp2Connection) {
  const auto listening = listen_tls();
  std::vector<std::shared_ptr<std::optional<Result<ClientResponse>>>> results;
  for (int i = 0; i < 300; ++i) results.push_back(begin(ClientRequest(Method::Get, url(listening, "/hello"))));
  ASSERT_TRUE(run([&] {
    for (const auto& result : results) {
      if (!result->has_value()) return false;
    }
    return true;
  }));
  for (const auto& result : results) EXPECT_EQ((**result)->body, "hello");
  EXPECT_LE(counters().connections_accepted.read(), 4U);
}

TEST_F(ClientTest, AGoawayMovesItToANewConnection) {
  const auto listening = listen_tls();
  EXPECT_EQ(get(url(listening, "/hello")), "200 hello");
  one.clock.advance(76s);  // the server's idle bound, or ours
  one.run_turns(50);
  EXPECT_EQ(get(url(listening, "/hello")), "200 hello");
  EXPECT_EQ(counters().connections_accepted.read(), 2U);
}

TEST_F(ClientTest, FindsLocalhost) {
  const auto listening = listen({});
  const std::string port = std::to_string(listening.address.port());
  EXPECT_EQ(get("http://localhost:" + port + "/hello"), "200 hello");
}

}  // namespace
}  // namespace claviger::http
