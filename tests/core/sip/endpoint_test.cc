// Who is heard, between real sockets: datagrams and connections of addresses that are trusted, and of others.
#include "core/sip/endpoint.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "core/net/descriptor.h"
#include "core/net/stream.h"
#include "core/runtime/one_shot.h"
#include "core/sip/limits.h"
#include "tests/core/net/certificates.h"
#include "tests/core/runtime/one_shard.h"

namespace claviger::sip {
namespace {

constexpr std::string_view kTrusted = "127.0.0.1";
constexpr std::string_view kStrange = "127.0.0.2";

struct Handling final : RequestHandler {
  runtime::Task<Response> handle(const Received*) override {
    ++handled;
    if (holds) {
      runtime::OneShotPair<Unit> pair;
      held.push_back(std::move(pair.completer));
      co_await pair.waiter;
    }
    co_return Response(status);
  }
  int handled = 0;
  std::uint16_t status = 200;
  bool holds = false;  // until it is let go
  std::vector<runtime::Completer<Unit>> held;
};

std::string request(int number, const std::string& more = {}, const std::string& method = "REGISTER") {
  return method + " sip:as.alpha.example SIP/2.0\r\nVia: SIP/2.0/UDP core.example;rport;branch=z9hG4bK" +
         std::to_string(number) +
         "\r\nMax-Forwards: 70\r\nFrom: <sip:core.example>;tag=f\r\nTo: <sip:ann@alpha.example>\r\n" + "Call-ID: c" +
         std::to_string(number) + "\r\nCSeq: 1 " + method +
         "\r\nContact: <sip:core.example;transport=tcp>;expires=3600\r\nExpires: 3600\r\n" + more +
         "Content-Length: 0\r\n\r\n";
}

// A proxy's other branch of the same.
std::string forked(std::string text) { return text.replace(text.find("z9hG4bK"), 7, "z9hG4bKfork"); }

class Datagrams {
 public:
  explicit Datagrams(std::string_view host) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const net::Address any = *net::Address::ip(host, 0);
    EXPECT_EQ(::bind(socket_.number(), any.data(), any.size()), 0);
  }
  std::uint16_t port() const { return net::Address::of_local_end(socket_.number())->port(); }
  void say(const std::string& text, std::uint16_t to) {
    const net::Address address = *net::Address::ip(kTrusted, to);
    EXPECT_EQ(::sendto(socket_.number(), text.data(), text.size(), 0, address.data(), address.size()),
              static_cast<ssize_t>(text.size()));
  }
  // Empty: nothing has come.
  std::string hear() {
    std::string text(65'536, '\0');
    const ssize_t size = ::recv(socket_.number(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

 private:
  net::Descriptor socket_;
};

// One that comes by TLS.
struct TlsPeer final : net::StreamUser {
  TlsPeer(runtime::Shard& shard, net::StreamBuffers& buffers) : stream(shard, buffers, *this, {}) {}
  void on_established() override { is_established = true; }
  void on_received(Slice bytes) override { received += bytes.text(); }
  std::size_t produce(MutableBytes room) override {
    const std::size_t count = std::min(room.size(), to_send.size());
    std::memcpy(room.data(), to_send.data(), count);
    to_send.erase(0, count);
    return count;
  }
  bool wants_input() const override { return true; }
  bool is_finished() const override { return is_done; }
  Monotonic deadline() const override { return Monotonic::max(); }
  void on_deadline() override {}
  void on_closed(Error) override { is_closed = true; }

  bool is_established = false;
  bool is_closed = false;
  bool is_done = false;
  std::string received;
  std::string to_send;
  net::Stream stream;
};

class SipEndpoint : public testing::Test {
 protected:
  SipEndpoint() {
    EndpointOptions options;
    options.host = kTrusted;
    options.is_tls_offered = true;
    net::TlsServerOptions tls = net::server_options(net::ClientCertificate::Optional);
    tls.alpn.clear();
    options.tls_server = net::server_context(std::move(tls));
    options.admits = [this](const net::Address& peer) { return peer.host() == trusted; };
    options.handler = &handling;
    endpoint = std::make_unique<Endpoint>(one.shards, std::move(options));
    EXPECT_TRUE(endpoint->listen());
    one.run_turns(3);
  }
  ~SipEndpoint() override {
    bool is_drained = false;
    endpoint->drain([&] { is_drained = true; });
    EXPECT_TRUE(run([&] { return is_drained; }));
    peers.clear();
    one.run_turns(3);
    on_shard([&] { endpoint.reset(); });
  }
  void on_shard(const std::function<void()>& work) {
    one.run_until([&] { return work(), true; });
  }
  bool run(const std::function<bool()>& is_done) {
    int turns = 0;
    bool is_over = false;
    one.run_until([&] { return (is_over = is_done()) || ++turns > 30'000; });
    return is_over;
  }
  std::string answer_of(Datagrams& from, const std::string& text) {
    from.say(text, endpoint->port());
    std::string answer;
    static_cast<void>(run([&] { return !(answer = from.hear()).empty(); }));
    return answer;
  }
  const Counters& counters() const { return endpoint->counters(0); }
  TlsPeer& connect(const crypto::CertificateAuthority* ca) {
    peers.push_back(std::make_unique<TlsPeer>(one.shard, buffers));
    TlsPeer& peer = *peers.back();
    on_shard([&] {
      net::TlsClientOptions options = net::client_options(ca);
      options.alpn.clear();
      EXPECT_TRUE(peer.stream.connect(*net::Address::ip(kTrusted, endpoint->tls_port()),
                                      net::client_context(std::move(options)), "localhost"));
    });
    return peer;
  }
  static runtime::Task<void> ask(SipEndpoint* self, std::string uri) {
    OutgoingRequest request;
    request.method = "NOTIFY";
    request.uri = request.next_hop = std::move(uri);
    self->outcome = co_await self->endpoint->send(std::move(request));
  }

  runtime::OneShard one;
  std::string trusted{kTrusted};
  Handling handling;
  std::unique_ptr<Endpoint> endpoint;
  net::StreamBuffers buffers;
  std::vector<std::unique_ptr<TlsPeer>> peers;
  std::optional<Result<ReceivedResponse>> outcome;
};

TEST_F(SipEndpoint, RefusesDatagramsOfStrangersWithoutATransaction) {  // RFC 3261 clause 26.3.2.4
  Datagrams core(kTrusted);
  Datagrams stranger(kStrange);
  for (int number = 0; number < 3; ++number) {
    const std::string text = request(number);
    const std::string answer = answer_of(stranger, text);
    EXPECT_TRUE(answer.starts_with("SIP/2.0 403 ")) << answer;
    EXPECT_LE(answer.size(), text.size());
  }
  EXPECT_EQ(counters().transactions.read(), 0U);
  EXPECT_EQ(counters().datagrams_refused.read(), 3U);
  EXPECT_EQ(handling.handled, 0);
  EXPECT_TRUE(answer_of(core, request(1)).starts_with("SIP/2.0 200 "));
  EXPECT_EQ(counters().transactions.read(), 1U);
  EXPECT_EQ(handling.handled, 1);
}

TEST_F(SipEndpoint, IsNobodysAmplifier) {
  Datagrams stranger(kStrange);
  // An answer to it would be longer.
  const std::string small =
      "OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP a;rport;branch=z9hG4bK1\r\nf:<sip:a>;tag=1\r\nt:<sip:a>\r\ni:1\r\n"
      "CSeq:1 OPTIONS\r\nMax-Forwards:7\r\n\r\n";
  stranger.say(small, endpoint->port());
  stranger.say("REGISTER what SIP/2.0\r\n\r\n", endpoint->port());
  stranger.say(request(1, {}, "ACK"), endpoint->port());
  ASSERT_TRUE(run([&] { return counters().datagrams_refused.read() == 3; }));
  one.run_turns(20);
  EXPECT_EQ(stranger.hear(), "");
  // Of many requests of one second, few are answered.
  one.clock.advance(Seconds(1));
  const auto flood = [&](int from) {
    std::size_t answers = 0;
    const std::uint64_t before = counters().datagrams_refused.read();
    for (int number = 0; number < 200; ++number) stranger.say(request(from + number), endpoint->port());
    EXPECT_TRUE(run([&] {
      answers += stranger.hear().empty() ? 0U : 1U;
      return counters().datagrams_refused.read() == before + 200;
    }));
    one.run_turns(20);
    while (!stranger.hear().empty()) ++answers;
    return answers;
  };
  EXPECT_EQ(flood(0), kRefusalsPerSecond);
  EXPECT_EQ(flood(1000), 0U);
  one.clock.advance(Seconds(1));
  EXPECT_EQ(flood(2000), kRefusalsPerSecond);
  EXPECT_EQ(counters().transactions.read(), 0U);
}

// What we asked may have gone to somebody who is no trusted asker.
TEST_F(SipEndpoint, HearsWhatAnswersItsOwnRequests) {
  Datagrams stranger(kStrange);
  const std::string uri = "sip:" + std::string(kStrange) + ":" + std::to_string(stranger.port()) + ";transport=udp";
  on_shard([&] { one.shard.scope().spawn(ask(this, uri)); });
  std::string asked;
  ASSERT_TRUE(run([&] { return !(asked = stranger.hear()).empty(); }));
  ASSERT_TRUE(asked.starts_with("NOTIFY "));
  const std::size_t via = asked.find("Via:");
  const std::string its = asked.substr(via, asked.find("\r\n", via) + 2 - via);
  stranger.say(
      "SIP/2.0 200 OK\r\n" + its +
          "From: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 NOTIFY\r\nContent-Length: 0\r\n\r\n",
      endpoint->port());
  ASSERT_TRUE(run([&] { return outcome.has_value(); }));
  ASSERT_TRUE(outcome->has_value());
  EXPECT_EQ((**outcome)->message.status(), 200);
}

TEST_F(SipEndpoint, KeepsNoTlsConnectionOfAStranger) {
  const auto is_served = [&](TlsPeer& peer) {
    on_shard([&] {
      peer.to_send = request(1);
      peer.stream.update();
    });
    return run([&] { return peer.is_closed || !peer.received.empty(); }) && peer.received.starts_with("SIP/2.0 200 ");
  };
  // His address is enough, and so is his certificate.
  EXPECT_TRUE(is_served(connect(nullptr)));
  trusted = "192.0.2.1";
  EXPECT_TRUE(is_served(connect(&net::test_ca())));
  EXPECT_EQ(counters().connections_refused.read(), 0U);
  TlsPeer& stranger = connect(nullptr);
  EXPECT_TRUE(run([&] { return stranger.is_closed; }));
  const crypto::CertificateAuthority other = net::make_ca("another CA");
  TlsPeer& certified = connect(&other);
  EXPECT_TRUE(run([&] { return certified.is_closed; }));
  EXPECT_EQ(counters().connections.read(), 2U);
  EXPECT_EQ(handling.handled, 2);
}

TEST_F(SipEndpoint, ASourceOfSilentConnectionsKeepsNobodyOut) {
  trusted = "192.0.2.1";
  std::vector<net::Descriptor> silent;
  for (std::size_t i = 0; i < 2 * kStrangersOfSourceMax; ++i) {
    silent.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const net::Address to = *net::Address::ip(kTrusted, endpoint->tls_port());
    ASSERT_EQ(::connect(silent.back().number(), to.data(), to.size()), 0);
    ASSERT_EQ(::fcntl(silent.back().number(), F_SETFL, O_NONBLOCK), 0);
    one.run_turns(3);
  }
  ASSERT_TRUE(run([&] { return counters().connections_refused.read() == kStrangersOfSourceMax; }));
  EXPECT_EQ(counters().connections.read(), kStrangersOfSourceMax);
  trusted = kTrusted;
  TlsPeer& core = connect(nullptr);
  EXPECT_TRUE(run([&] { return core.is_established || core.is_closed; }));
  EXPECT_FALSE(core.is_closed);
}

TEST_F(SipEndpoint, RefusesTheOtherBranchOfAForkedRequest) {  // RFC 3261 clause 8.2.2.2
  Datagrams core(kTrusted);
  Datagrams other(kTrusted);
  EXPECT_TRUE(answer_of(core, request(1)).starts_with("SIP/2.0 200 "));
  const std::string merged = answer_of(core, forked(request(1)));
  EXPECT_TRUE(merged.starts_with("SIP/2.0 482 Loop Detected\r\n")) << merged;
  EXPECT_NE(merged.find(";branch=z9hG4bKfork1"), std::string::npos) << merged;
  EXPECT_TRUE(answer_of(other, forked(request(1))).starts_with("SIP/2.0 482 "));
  EXPECT_TRUE(answer_of(core, request(1)).starts_with("SIP/2.0 200 ")) << "the first one's repetition";
  EXPECT_EQ(handling.handled, 1);
  EXPECT_EQ(counters().transactions.read(), 1U);
  EXPECT_TRUE(answer_of(core, forked(request(2))).starts_with("SIP/2.0 200 "));
  // Timer J is over: it is a request like any other.
  one.clock.advance(kTimerJ + Milliseconds(100));
  ASSERT_TRUE(run([&] { return counters().transactions.read() == 0; }));
  EXPECT_TRUE(answer_of(core, forked(request(1))).starts_with("SIP/2.0 200 "));
  EXPECT_EQ(handling.handled, 3);
}

TEST_F(SipEndpoint, HearsAgainWhomItRefused) {
  Datagrams core(kTrusted);
  handling.status = 503;
  EXPECT_TRUE(answer_of(core, request(1)).starts_with("SIP/2.0 503 "));
  handling.status = 200;
  EXPECT_TRUE(answer_of(core, request(1)).starts_with("SIP/2.0 503 ")) << "a repetition";
  EXPECT_TRUE(answer_of(core, forked(request(1))).starts_with("SIP/2.0 200 "));
  EXPECT_EQ(handling.handled, 2);
}

TEST_F(SipEndpoint, KnowsAForkThatComesByAnotherConnectionWhileTheFirstOneLives) {
  const auto say = [&](TlsPeer& peer, const std::string& text) {
    on_shard([&] {
      peer.to_send = text;
      peer.stream.update();
    });
  };
  const auto hears = [&](TlsPeer& peer, std::string_view answer) {
    EXPECT_TRUE(run([&] { return !peer.received.empty(); }));
    const bool is_it = peer.received.starts_with(answer);
    EXPECT_TRUE(is_it) << peer.received;
    peer.received.clear();
  };
  const auto let_go = [&] {
    on_shard([&] {
      for (auto& each : std::exchange(handling.held, {})) each.complete(Unit{});
    });
  };
  handling.holds = true;
  TlsPeer& first = connect(nullptr);
  TlsPeer& second = connect(nullptr);
  Datagrams core(kTrusted);
  say(first, request(1));
  ASSERT_TRUE(run([&] { return handling.handled == 1; }));
  say(second, forked(request(1)));
  hears(second, "SIP/2.0 482 ");
  EXPECT_TRUE(answer_of(core, forked(request(1))).starts_with("SIP/2.0 482 "));
  let_go();
  hears(first, "SIP/2.0 200 ");
  // A transaction over a stream is over with its answer.
  say(second, forked(request(1)));
  ASSERT_TRUE(run([&] { return handling.handled == 2; }));
  let_go();
  hears(second, "SIP/2.0 200 ");
  // Whose connection broke would not hear his answer: he asks again by another.
  say(first, request(2));
  ASSERT_TRUE(run([&] { return handling.handled == 3; }));
  on_shard([&] {
    first.is_done = true;
    first.stream.update();
  });
  ASSERT_TRUE(run([&] { return counters().connections.read() == 1; }));
  say(second, forked(request(2)));
  ASSERT_TRUE(run([&] { return handling.handled == 4; }));
  let_go();
  hears(second, "SIP/2.0 200 ");
  EXPECT_EQ(handling.handled, 4);
}

}  // namespace
}  // namespace claviger::sip
