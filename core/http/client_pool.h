// The connections of a client, by origin, and the requests that wait for one.
//
// Owned by the Client, on its shard.
#pragma once

#include <deque>
#include <list>
#include <map>

#include "core/http/client.h"
#include "core/http/client_protocol.h"
#include "core/http/url.h"
#include "core/net/resolve.h"
#include "core/net/stream.h"
#include "core/runtime/scope.h"

namespace claviger::http {

class ClientConnection;

// Where requests go that can share connections.
struct ClientOrigin {
  bool is_https = false;
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;
  std::deque<ClientExchangePtr> waiting;
  std::list<std::unique_ptr<ClientConnection>> connections;
  std::size_t opening = 0;  // attempts under way
  net::TlsResumption resumption;
};

class Client::Pool {
 public:
  Pool(runtime::Shard& its_shard, ClientOptions its_options);
  ~Pool();

  Result<ClientExchangePtr> enqueue(ClientRequest request, runtime::Completer<Result<ClientResponse>> completer);
  // Nobody waits for the exchange any more.
  void abandon(const ClientExchangePtr& exchange);
  void pump(ClientOrigin& origin);
  void finish(const ClientExchangePtr& exchange, Result<ClientResponse> result);
  void closed(ClientOrigin& origin, ClientConnection& connection);
  void close_idle();
  std::size_t connections() const;

  runtime::Shard& shard;
  const ClientOptions options;
  net::StreamBuffers buffers;

 private:
  runtime::Task<void> open(ClientOrigin* origin);
  runtime::Task<Result<Unit>> open_one(ClientOrigin* origin);
  void forget_unused();

  std::map<std::string, ClientOrigin> origins_;
  runtime::Scope scope_;  // of connections being opened
};

class ClientConnection final : public net::StreamUser, public ClientProtocolHost {
 public:
  ClientConnection(Client::Pool& pool, ClientOrigin& origin, runtime::Completer<Result<Unit>> established);
  ~ClientConnection();

  Result<Unit> connect(const net::Address& address);
  bool is_idle() const { return protocol_ != nullptr && protocol_->in_flight() == 0; }
  std::size_t capacity() const { return protocol_ == nullptr || stream_.is_closed() ? 0 : protocol_->capacity(); }
  void submit(ClientExchangePtr exchange);
  void close(Error reason) { stream_.close(reason); }

  // net::StreamUser
  void on_established() override;
  void on_received(Slice bytes) override;
  std::size_t produce(MutableBytes room) override;
  bool wants_input() const override { return true; }
  bool is_finished() const override { return is_ending_ || (protocol_ != nullptr && protocol_->is_finished()); }
  Monotonic deadline() const override;
  void on_deadline() override { is_ending_ = true; }
  void on_closed(Error reason) override;

  // ClientProtocolHost
  void update() override { stream_.update(); }
  SlabPool& slabs() override { return pool_.shard.slabs(); }
  void finish(const ClientExchangePtr& exchange, Result<ClientResponse> result) override;
  void retry(const ClientExchangePtr& exchange, Error reason) override;

 private:
  Client::Pool& pool_;
  ClientOrigin& origin_;
  std::optional<runtime::Completer<Result<Unit>>> established_;
  bool is_ending_ = false;
  Monotonic idle_since_;
  std::size_t produced_ = 0;  // by the last produce(), at the front of its room
  net::Stream stream_;
  std::unique_ptr<ClientProtocol> protocol_;
};

}  // namespace claviger::http
