#include "core/http/server.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "tests/core/http/frames.h"
#include "tests/core/http/world.h"

namespace claviger::http {
namespace {

using namespace std::chrono_literals;

const std::string kGet = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

net::TlsClientOptions with_alpn(std::vector<std::string> names) {
  net::TlsClientOptions options = net::client_options();
  options.alpn = std::move(names);
  return options;
}

class ServerTest : public World {};

TEST_F(ServerTest, SpeaksHttp2OverTls) {
  const auto listening = listen_tls();
  const auto answer = send(ClientRequest(Method::Get, url(listening, "/hello")));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_TRUE(answer->is_http2);
  EXPECT_EQ(counters().handshakes.read(), 1U);
  EXPECT_EQ(counters().requests_http2.read(), 1U);
  EXPECT_EQ(counters().responses[2].read(), 1U);
}

TEST_F(ServerTest, SpeaksHttp1OverTls) {
  const auto listening = listen_tls();
  for (const auto& names : {std::vector<std::string>{"http/1.1"}, std::vector<std::string>{}}) {
    make_client(with_alpn(names));
    const auto answer = send(ClientRequest(Method::Get, url(listening, "/hello")));
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->is_http2);
    EXPECT_EQ(answer->body, "hello");
  }
  EXPECT_EQ(counters().requests_http1.read(), 2U);
}

TEST_F(ServerTest, SpeaksBothInTheClear) {
  const auto listening = listen({});
  EXPECT_EQ(get(url(listening, "/hello", false)), "200 hello");
  RawPeer& peer = connect(listening);
  const std::string answer = ask(peer, frames::start() + frames::get(1, "/hello"), "hello");
  frames::Reader reader;
  reader.read(answer);
  EXPECT_EQ(reader.answers[1].body, "hello");
}

TEST_F(ServerTest, CarriesLargeBodiesBothWays) {
  const auto listening = listen_tls();
  std::string body;
  for (int i = 0; body.size() < 1'500'000; ++i) body += std::to_string(i) + ',';
  for (const auto& names : {std::vector<std::string>{"h2"}, std::vector<std::string>{"http/1.1"}}) {
    make_client(with_alpn(names));
    ClientRequest request(Method::Post, url(listening, "/echo"));
    request.body = body;
    request.response_bytes_max = 10'000'000;
    const auto answer = send(std::move(request));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, body);
    ClientRequest large(Method::Get, url(listening, "/large"));
    large.response_bytes_max = 10'000'000;
    EXPECT_EQ(send(std::move(large))->body.size(), 5'000'000U);
  }
}

TEST_F(ServerTest, InlineHandlersSeeThePathsValues) {
  const auto listening = listen({});
  EXPECT_EQ(get(url(listening, "/values/x%20y/z", false)), "200 x y+z");
}

TEST_F(ServerTest, TellsWhoThePeerIs) {
  EXPECT_EQ(get(url(listen({}), "/peer", false)), "200 127.0.0.1 clear");
  const auto listening = listen_tls(net::server_options(net::ClientCertificate::Optional));
  EXPECT_EQ(get(url(listening, "/peer")), "200 127.0.0.1 tls");
  make_client(net::client_options(&net::test_ca()));
  EXPECT_EQ(get(url(listening, "/peer")), "200 127.0.0.1 tls trusted");
  const crypto::CertificateAuthority stranger = net::make_ca("stranger");
  make_client(net::client_options(&stranger));
  EXPECT_EQ(get(url(listening, "/peer")), "200 127.0.0.1 tls untrusted");
}

TEST_F(ServerTest, ListensOnAUnixSocket) {
  std::string folder = std::filesystem::temp_directory_path() / "claviger-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ListenerOptions options;
  options.address = *net::Address::unix_path(folder + "/socket");
  listen(std::move(options));
  ClientRequest request(Method::Get, "http://localhost/peer");
  request.unix_path = folder + "/socket";
  const auto answer = send(std::move(request));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, " clear uid " + std::to_string(getuid()));
  std::filesystem::remove_all(folder);
}

TEST_F(ServerTest, AnAddressInUseIsAnError) {
  ListenerOptions options;
  options.address = listen({}).address;
  options.router = router;
  EXPECT_TRUE(server.listen(std::move(options)).failed_with(Code::AddressInUse));
}

TEST_F(ServerTest, AClosedConnectionCancelsItsRequest) {
  const auto listening = listen({});
  RawPeer& peer = connect(listening);
  say(peer, "GET /wait/x HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(run([&] { return waiting.size() == 1; }));
  on_shard([&] { peer.stream.close({Code::Closed, "test"}); });
  ASSERT_TRUE(run([&] { return waiting[0].is_abandoned(); }));
  ASSERT_TRUE(run([&] { return counters().connections_open.read() == 0; }));
  EXPECT_EQ(counters().requests_cancelled.read(), 1U);
}

TEST_F(ServerTest, AClientThatGivesUpCancelsItsStream) {
  const auto listening = listen_tls();
  ClientRequest request(Method::Get, url(listening, "/wait/x"));
  request.timeout = 5s;
  const auto result = begin(std::move(request));
  ASSERT_TRUE(run([&] { return waiting.size() == 1; }));
  one.clock.advance(6s);
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  EXPECT_TRUE((*result)->failed_with(Code::DeadlinePassed));
  ASSERT_TRUE(run([&] { return waiting[0].is_abandoned(); }));
  EXPECT_EQ(get(url(listening, "/hello")), "200 hello");  // on the same connection
  EXPECT_EQ(counters().connections_accepted.read(), 1U);
}

TEST_F(ServerTest, TheAnswerIsReadAfterARefusedBody) {
  // The peer goes on sending while we refuse: it must see the answer, not a reset.
  const auto listening = listen({});
  RawPeer& peer = connect(listening);
  say(peer, "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 150000\r\n\r\n" + std::string(150'000, 'x'));
  ASSERT_TRUE(run([&] { return peer.closed.has_value(); }));
  EXPECT_TRUE(peer.received.starts_with("HTTP/1.1 405 ")) << peer.received.substr(0, 100);
}

TEST_F(ServerTest, SlowHeadsAreCutOffWhileOthersAreServed) {
  const auto listening = listen({});
  std::vector<RawPeer*> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(&connect(listening));
    say(*slow.back(), "GET /hello HTTP/1.1\r\n");
  }
  for (int second = 0; second < 11; ++second) {
    for (RawPeer* peer : slow) {
      if (!peer->closed) say(*peer, "X: y\r\n");
    }
    one.clock.advance(1s);
    EXPECT_EQ(get(url(listening, "/hello", false)), "200 hello");
  }
  ASSERT_TRUE(run([&] { return counters().connections_open.read() <= 1; }));
  for (RawPeer* peer : slow) EXPECT_TRUE(peer->received.starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(counters().timeouts.read(), 50U);
}

TEST_F(ServerTest, SilentConnectionsAreClosed) {
  const auto clear = listen({});
  const auto tls = listen_tls();
  RawPeer& quiet = connect(clear);
  RawPeer& unshaken = connect(tls);  // TCP only: says nothing
  ASSERT_TRUE(run([&] { return counters().connections_open.read() == 2; }));
  one.clock.advance(10'100ms);
  ASSERT_TRUE(run([&] { return quiet.closed && unshaken.closed; }));
  EXPECT_EQ(counters().handshakes_failed.read(), 1U);
}

TEST_F(ServerTest, TheFirstByteIsDueSoonerThanTheHandshake) {
  const auto tls = listen_tls();
  RawPeer& silent = connect(tls);
  RawPeer& slow = connect(tls);
  say(slow, "\x16");
  ASSERT_TRUE(run([&] { return counters().connections_open.read() == 2; }));
  one.run_turns(20);
  one.clock.advance(5'100ms);
  ASSERT_TRUE(run([&] { return silent.closed.has_value(); }));
  EXPECT_FALSE(slow.closed);
  one.clock.advance(5s);
  ASSERT_TRUE(run([&] { return slow.closed.has_value(); }));
}

TEST_F(ServerTest, SilentConnectionsKeepNobodyOut) {
  ListenerOptions options;
  options.limits.silent_max = 4;
  const auto tls = listen_tls(net::server_options(), std::move(options));
  EXPECT_EQ(get(url(tls, "/hello")), "200 hello");
  for (int i = 0; i < 20; ++i) connect(tls);
  make_client();
  EXPECT_EQ(get(url(tls, "/hello")), "200 hello");
  EXPECT_EQ(counters().connections_refused.read(), 0U);
  EXPECT_EQ(counters().connections_displaced.read(), 17U);
  // The oldest went.
  ASSERT_TRUE(run([&] { return peers[0]->closed.has_value(); }));
  EXPECT_FALSE(peers[19]->closed);
}

TEST_F(ServerTest, HalfHandshakesKeepNobodyOut) {
  ListenerOptions options;
  options.limits.handshaking_max = 4;
  const auto tls = listen_tls(net::server_options(), std::move(options));
  for (int i = 0; i < 20; ++i) say(connect(tls), "\x16\x03\x01");
  EXPECT_EQ(get(url(tls, "/hello")), "200 hello");
  EXPECT_EQ(counters().connections_refused.read(), 0U);
  EXPECT_EQ(counters().connections_displaced.read(), 17U);
}

TEST_F(ServerTest, EstablishedConnectionsAreLeftAlone) {
  ListenerOptions options;
  options.limits.silent_max = 1;
  options.limits.handshaking_max = 1;
  options.limits.source_share = 1;
  const auto tls = listen_tls(net::server_options(), std::move(options));
  const auto result = begin(ClientRequest(Method::Get, url(tls, "/wait/x")));
  ASSERT_TRUE(run([&] { return waiting.size() == 1; }));
  for (int i = 0; i < 5; ++i) {
    one.clock.advance(1100ms);
    say(connect(tls), "\x16");
  }
  on_shard([&] { waiting[0].complete(Response(200, "text/plain", std::string("late"))); });
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  EXPECT_EQ((**result)->body, "late");
}

TEST_F(ServerTest, WhereItIsAskedForTheOldestConnectionMakesRoom) {
  ListenerOptions options;
  options.limits.displacing_max = 4;
  const auto listening = listen(std::move(options));
  for (int i = 0; i < 20; ++i) say(connect(listening), i % 2 == 0 ? "GET /hel" : kGet);
  EXPECT_EQ(get(url(listening, "/hello", false)), "200 hello");
  EXPECT_EQ(counters().connections_refused.read(), 0U);
  EXPECT_EQ(counters().connections_displaced.read(), 17U);
}

TEST_F(ServerTest, AReaderThatReadsNothingIsCutOffWhileOthersAreServed) {
  const auto listening = listen({});
  RawPeer& peer = connect(listening);
  peer.reads = false;
  say(peer, frames::start() + frames::window_update(0, 100'000'000) +
                frames::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100'000'000}}));
  for (std::uint32_t i = 0; i < 20; ++i) say(peer, frames::get(2 * i + 1, "/large"));
  one.run_turns(1000);
  EXPECT_GT(counters().requests_held_bytes.read(), 5'000'000U);
  for (int i = 0; i < 40 && counters().connections_open.read() > 0; ++i) {
    one.clock.advance(31s);
    one.run_turns(200);
  }
  EXPECT_EQ(counters().connections_open.read(), 0U);
  EXPECT_EQ(counters().requests_held_bytes.read(), 0U);
  EXPECT_EQ(get(url(listening, "/hello", false)), "200 hello");
}

TEST_F(ServerTest, AFloodDoesNotKeepOthersFromBeingServed) {
  const auto listening = listen({});
  RawPeer& flooder = connect(listening);
  std::string flood = frames::start() + frames::post_head(1, "/echo");
  for (int i = 0; i < 100'000; ++i) flood += frames::data(1, "", 0);
  say(flooder, flood);
  EXPECT_EQ(get(url(listening, "/hello", false)), "200 hello");
  ASSERT_TRUE(run([&] { return flooder.closed.has_value(); }));
  EXPECT_EQ(counters().abuses.read(), 1U);
  EXPECT_LT(counters().bytes_received.read(), 200'000U);
}

TEST_F(ServerTest, BoundsConnections) {
  ListenerOptions options;
  options.limits.connections_max = 3;
  const auto listening = listen(std::move(options));
  for (int i = 0; i < 5; ++i) connect(listening);
  ASSERT_TRUE(run([&] { return counters().connections_refused.read() == 2; }));
  EXPECT_EQ(counters().connections_open.read(), 3U);
  on_shard([&] { peers[0]->stream.close({Code::Closed, "test"}); });
  ASSERT_TRUE(run([&] { return counters().connections_open.read() == 2; }));
  EXPECT_NE(ask(connect(listening), kGet, "hello").find("hello"), std::string::npos);
}

TEST_F(ServerTest, BoundsConnectionsOfOneSource) {
  ListenerOptions options;
  options.limits.source_connections_max = 2;
  const auto listening = listen(std::move(options));
  for (int i = 0; i < 3; ++i) connect(listening);
  ASSERT_TRUE(run([&] { return counters().connections_refused.read() == 1; }));
}

TEST_F(ServerTest, AsksBeforeItTakesAConnection) {
  ListenerOptions options;
  bool admits = false;
  options.admits = [&](const net::Address& peer) { return peer.host() == "127.0.0.1" && admits; };
  const auto listening = listen(std::move(options));
  RawPeer& refused = connect(listening);
  ASSERT_TRUE(run([&] { return refused.closed.has_value(); }));
  admits = true;
  EXPECT_EQ(get(url(listening, "/hello", false)), "200 hello");
  EXPECT_EQ(counters().connections_refused.read(), 1U);
}

TEST_F(ServerTest, AsksBeforeItTakesARequest) {
  ListenerOptions options;
  options.overload = [](const Request& request) -> std::optional<Response> {
    if (request.path == "/hello") return std::nullopt;
    return std::move(Response(503).with("retry-after", "7"));
  };
  const auto listening = listen(std::move(options));
  EXPECT_EQ(get(url(listening, "/hello", false)), "200 hello");
  const auto answer = send(ClientRequest(Method::Get, url(listening, "/peer", false)));
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->header("retry-after"), "7");
  EXPECT_EQ(counters().requests_overload.read(), 1U);
}

TEST_F(ServerTest, SendsTheListenersFields) {
  ListenerOptions options;
  options.headers = security_headers();
  const auto listening = listen_tls(net::server_options(), std::move(options));
  const auto answer = send(ClientRequest(Method::Get, url(listening, "/hello")));
  EXPECT_EQ(answer->header("strict-transport-security"), "max-age=31536000");
  EXPECT_EQ(answer->header("x-content-type-options"), "nosniff");
}

TEST_F(ServerTest, ANewCertificateIsForNewConnections) {
  const auto listening = listen_tls();
  EXPECT_EQ(get(url(listening, "/hello")), "200 hello");
  const crypto::CertificateAuthority other = net::make_ca("other");
  crypto::IssuedCertificate issued = net::issue(other, crypto::CertificateUse::Server);
  net::TlsServerOptions options;
  options.certificate_chain_pem = issued.certificate_pem;
  options.private_key_pem = std::move(issued.private_key_pem);
  server.replace_tls(listening.index, net::server_context(std::move(options)));
  one.run_turns(2);
  EXPECT_EQ(get(url(listening, "/hello")), "200 hello");  // the open connection lives on
  make_client();
  EXPECT_EQ(get(url(listening, "/hello")), "CertificateInvalid");
  net::TlsClientOptions trusting;
  trusting.ca_pem = other.certificate_pem();
  make_client(std::move(trusting));
  EXPECT_EQ(get(url(listening, "/hello")), "200 hello");
}

TEST_F(ServerTest, ResumesSessions) {
  const auto listening = listen_tls();
  EXPECT_EQ(get(url(listening, "/hello")), "200 hello");
  EXPECT_EQ(get(url(listening, "/hello")), "200 hello");
  on_shard([&] { client->close_idle(); });
  ASSERT_TRUE(run([&] { return client->connections() == 0; }));
  EXPECT_EQ(get(url(listening, "/hello")), "200 hello");
  EXPECT_EQ(counters().handshakes.read(), 2U);
  EXPECT_EQ(counters().handshakes_resumed.read(), 1U);
}

TEST_F(ServerTest, DrainsWhatIsInFlight) {
  const auto listening = listen_tls();
  const auto result = begin(ClientRequest(Method::Get, url(listening, "/wait/x")));
  ASSERT_TRUE(run([&] { return waiting.size() == 1; }));
  drain(10s);
  one.run_turns(100);
  one.clock.advance(1s);
  one.run_turns(100);
  EXPECT_FALSE(is_drained);
  on_shard([&] { waiting[0].complete(Response(200, "text/plain", std::string("late"))); });
  ASSERT_TRUE(run([&] { return result->has_value(); }));
  EXPECT_EQ((**result)->body, "late");
  EXPECT_EQ((**result)->header("x-name"), "x");
  EXPECT_TRUE(run([&] { return is_drained; }));
  EXPECT_EQ(get(url(listening, "/hello")), "Unreachable");
}

TEST_F(ServerTest, DoesNotDrainForever) {
  const auto listening = listen_tls();
  const auto result = begin(ClientRequest(Method::Get, url(listening, "/wait/x")));
  ASSERT_TRUE(run([&] { return waiting.size() == 1; }));
  drain(2s);
  one.run_turns(100);
  one.clock.advance(2100ms);
  ASSERT_TRUE(run([&] { return is_drained; }));
  EXPECT_TRUE(waiting[0].is_abandoned());
  ASSERT_TRUE(run([&] { return result->has_value(); }));
}

TEST_F(ServerTest, DrainsIdleConnectionsOfBothKinds) {
  const auto tls = listen_tls();
  const auto clear = listen({});
  EXPECT_EQ(get(url(tls, "/hello")), "200 hello");
  EXPECT_EQ(get(url(clear, "/hello", false)), "200 hello");
  connect(clear);
  drain(60s);
  one.run_turns(200);
  one.clock.advance(1s);
  EXPECT_TRUE(run([&] { return is_drained; }));
}

}  // namespace
}  // namespace claviger::http
