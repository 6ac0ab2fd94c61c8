// A server and a client on one shard that the test drives itself, over real loopback sockets, with a clock set by hand.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <optional>

#include "core/http/client.h"
#include "core/http/server.h"
#include "core/net/stream.h"
#include "core/runtime/one_shot.h"
#include "tests/core/net/certificates.h"
#include "tests/core/runtime/one_shard.h"

namespace claviger::http {

// A peer that says exactly what the test wants, over TLS or in the clear.
class RawPeer final : public net::StreamUser {
 public:
  RawPeer(runtime::Shard& shard, net::StreamBuffers& buffers) : stream(shard, buffers, *this, {}) {}
  void on_established() override { is_established = true; }
  void on_received(Slice bytes) override { received += bytes.text(); }
  std::size_t produce(MutableBytes room) override {
    const std::size_t count = std::min(room.size(), to_send.size());
    std::memcpy(room.data(), to_send.data(), count);
    to_send.erase(0, count);
    return count;
  }
  bool wants_input() const override { return reads; }
  bool is_finished() const override { return is_done; }
  Monotonic deadline() const override { return Monotonic::max(); }
  void on_deadline() override {}
  void on_closed(Error reason) override { closed = reason.code; }

  bool is_established = false;
  bool reads = true;
  bool is_done = false;
  std::string received;
  std::string to_send;
  std::optional<Code> closed;
  net::Stream stream;
};

class World : public testing::Test {
 protected:
  World() : server(one.shards) {
    auto made = std::make_shared<Router>();
    made->add({Method::Get, "/hello", 0, {}, [](const Request&) {
                 return std::optional(Response(200, "text/plain", Slice::of_static("hello")));
               }});
    made->add({Method::Post, "/echo", 2'000'000, {}, [](const Request& request) {
                 return std::optional(Response(200, "text/plain", std::string(request.body.text())));
               }});
    made->add({Method::Get, "/large", 0, {}, [](const Request&) {
                 return std::optional(Response(200, "text/plain", std::string(5'000'000, 'L')));
               }});
    made->add({Method::Get, "/peer", 0, {}, [](const Request& request) {
                 const Peer& peer = *request.peer;
                 std::string text = peer.address + (peer.is_tls ? " tls" : " clear");
                 if (peer.certificate_digest) text += peer.is_certificate_trusted ? " trusted" : " untrusted";
                 if (peer.uid) text += " uid " + std::to_string(*peer.uid);
                 return std::optional(Response(200, "text/plain", std::move(text)));
               }});
    made->add({Method::Get, "/values/{a}/{b}", 0, {}, [](const Request& request) {
                 const PathValues& values = *request.path_values;
                 return std::optional(Response(200, "text/plain", values[0] + "+" + values[1]));
               }});
    made->add({Method::Get, "/wait/{name}", 0,
               [this](Request, PathValues values) { return wait(this, std::move(values)); }, {}});
    router = std::move(made);
  }
  void TearDown() override {
    on_shard([this] {
      client.reset();
      peers.clear();
    });
    if (!is_drained) drain(Milliseconds(0));
    one.clock.advance(Seconds(1));
    EXPECT_TRUE(run([this] { return is_drained; }));
    one.run_turns(3);
    EXPECT_EQ(one.shard.slabs().in_use(), 0U);
  }

  Server::Listening listen(ListenerOptions options) {
    if (options.address.size() == 0) options.address = *net::Address::parse("127.0.0.1:0");
    options.router = router;
    auto listening = server.listen(std::move(options));
    EXPECT_TRUE(listening);
    one.run_turns(2);
    return *listening;
  }
  Server::Listening listen_tls(net::TlsServerOptions tls = net::server_options(), ListenerOptions options = {}) {
    options.tls = net::server_context(std::move(tls));
    return listen(std::move(options));
  }
  void drain(Milliseconds grace) {
    server.drain(grace, [this] { is_drained = true; });
  }

  bool run(const std::function<bool()>& is_done) {
    int turns = 0;
    one.run_until([&] { return is_done() || ++turns > 200'000; });
    return is_done();
  }
  void on_shard(const std::function<void()>& work) {
    one.run_turns(1);
    one.run_until([&] { return work(), true; });
    one.run_turns(1);
  }
  const Counters& counters() const { return server.counters(0); }

  // ---- a client
  void make_client(net::TlsClientOptions tls = net::client_options(), ClientOptions options = {}) {
    options.tls = net::client_context(std::move(tls));
    on_shard([&] { client.emplace(one.shard, std::move(options)); });
  }
  static std::string url(const Server::Listening& listening, const std::string& path, bool is_tls = true) {
    return (is_tls ? "https://" : "http://") + listening.address.text() + path;
  }
  // The request's result, once it is there.
  std::shared_ptr<std::optional<Result<ClientResponse>>> begin(ClientRequest request) {
    if (!client) make_client();
    auto result = std::make_shared<std::optional<Result<ClientResponse>>>();
    on_shard([&] { scope.spawn(ask(&*client, std::move(request), result)); });
    return result;
  }
  Result<ClientResponse> send(ClientRequest request) {
    const auto result = begin(std::move(request));
    if (!run([&] { return result->has_value(); })) return Error{Code::Internal, "test.no_answer"};
    return **result;
  }
  std::string get(const std::string& address) {
    const auto answer = send(ClientRequest(Method::Get, address));
    if (!answer) return std::string(name_of(answer.error().code));
    return std::to_string(answer->status) + " " + answer->body;
  }

  // ---- raw peers
  RawPeer& connect(const Server::Listening& listening, std::shared_ptr<const net::TlsContext> tls = nullptr) {
    peers.push_back(std::make_unique<RawPeer>(one.shard, *buffers));
    RawPeer& peer = *peers.back();
    on_shard([&] { EXPECT_TRUE(peer.stream.connect(listening.address, std::move(tls), "localhost")); });
    EXPECT_TRUE(run([&] { return peer.is_established || peer.closed; }));
    return peer;
  }
  void say(RawPeer& peer, const std::string& text) {
    on_shard([&] {
      peer.to_send += text;
      peer.stream.update();
    });
  }
  std::string ask(RawPeer& peer, const std::string& text, std::string_view until) {
    peer.received.clear();
    say(peer, text);
    run([&] { return peer.received.find(until) != std::string::npos || peer.closed; });
    return peer.received;
  }

  runtime::OneShard one;
  std::shared_ptr<const Router> router;
  Server server;
  std::optional<Client> client;
  runtime::Scope scope;
  std::unique_ptr<net::StreamBuffers> buffers = std::make_unique<net::StreamBuffers>();
  std::vector<std::unique_ptr<RawPeer>> peers;
  std::vector<runtime::Completer<Response>> waiting;
  bool is_drained = false;

 private:
  static runtime::Task<Response> wait(World* self, PathValues values) {
    runtime::OneShotPair<Response> pair;
    self->waiting.push_back(std::move(pair.completer));
    Response response = co_await pair.waiter;
    response.with("x-name", values[0]);
    co_return response;
  }
  static runtime::Task<void> ask(Client* client, ClientRequest request,
                                 std::shared_ptr<std::optional<Result<ClientResponse>>> result) {
    auto answer = co_await client->send(std::move(request));
    result->emplace(std::move(answer));
  }
};

}  // namespace claviger::http
