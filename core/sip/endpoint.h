// The process's SIP endpoint: UDP, TCP and TLS on one side, transactions on every shard, a handler of requests behind
// them (RFC 3261 clauses 8.2.2.2, 17.1.2, 17.2.2, 18; RFC 4320).
//
// Made before use and kept until drained. A UDP socket belongs to one shard, which reads it in batches; a connection
// belongs to the shard that its peer's address says, so that whoever wants to send to that address finds it there. A
// request is handled where it came in: the handler takes what it wants to know and goes to the home shard of what it
// changes.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/counter.h"
#include "core/base/unique_function.h"
#include "core/net/address.h"
#include "core/net/tls_context.h"
#include "core/runtime/shard.h"
#include "core/runtime/task.h"
#include "core/sip/answer.h"
#include "core/sip/message.h"

namespace claviger::sip {

enum class Transport : std::uint8_t { Udp, Tcp, Tls };
std::string_view name_of(Transport transport);

struct Peer {
  Transport transport = Transport::Udp;
  net::Address address;
  bool is_certificate_trusted = false;  // TLS: it has one that chains to the listener's CA
};

// A message that arrived, with its bytes. Does not move: the views are into `text`.
struct Received {
  std::string text;
  Message message;
  Peer peer;
};

class RequestHandler {
 public:
  // On the shard that received it; a request that passed check_request(). `request` outlives the task.
  virtual runtime::Task<Response> handle(const Received* request) = 0;

 protected:
  ~RequestHandler() = default;
};

// A request of ours. Via, Max-Forwards and Content-Length are written by the endpoint.
struct OutgoingRequest {
  std::string method;
  std::string uri;
  std::string next_hop;  // a URI: of the first Route, or `uri` again
  std::vector<Header> headers;
  std::string content_type;
  std::string body;
};
using ReceivedResponse = std::shared_ptr<const Received>;

struct EndpointOptions {
  std::string host;            // address to listen on
  std::uint16_t port = 0;      // UDP and TCP
  std::uint16_t tls_port = 0;  // 0: no TLS
  bool is_tls_offered = false;
  std::string via_host;  // what peers reach us by; empty: `host`
  std::shared_ptr<const net::TlsContext> tls_server;
  std::shared_ptr<const net::TlsContext> tls_client;
  // Whether an address is trusted: null, all are. Of one that is not datagrams are refused without a transaction, connections in the
  // clear are closed, and those under TLS are as soon as the handshake has shown no trusted certificate. Safe from any shard.
  std::function<bool(const net::Address& peer)> admits;
  RequestHandler* handler = nullptr;
};

struct Counters {
  Counter requests, responses_sent, retransmissions, malformed, overloads;
  Counter requests_sent, requests_repeated, requests_timed_out, responses_dropped;
  Counter connections, transactions;
  // Of addresses that are not trusted, and of more connections than there may be.
  Counter datagrams_refused, connections_refused;
};

// Address, port and transport of a SIP URI (RFC 3263 without NAPTR and SRV: addresses and A/AAAA records are asked for).
struct NextHop {
  Transport transport = Transport::Udp;
  std::string host;  // without brackets
  std::uint16_t port = 5060;
  bool is_for_size = false;       // TCP for the size alone: UDP will do where nobody listens (RFC 3261 clause 18.1.1)
  bool is_any_transport = false;  // the URI says none: a connection that the peer has made from there will do
  bool is_only_open = false;      // no connection is made; NotFound where there is none
};
class ConnectionSlots;
class EndpointShard;
class OngoingRequests;

class Endpoint {
 public:
  Endpoint(runtime::Shards& shards, EndpointOptions options);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  // Drained, or never listened.
  ~Endpoint();

  // The sockets are bound when this returns. AddressInUse and others. Port 0 of the options: one that the kernel
  // chooses, the same for UDP and TCP.
  Result<Unit> listen();
  std::uint16_t port() const { return options_.port; }
  std::uint16_t tls_port() const { return options_.tls_port; }
  // Any thread: for connections from now on, of both directions; a listener without TLS stays without.
  void use_tls(std::shared_ptr<const net::TlsContext> server, std::shared_ptr<const net::TlsContext> client);
  // Nothing is received any more; requests in flight are dropped. `done` runs on some shard.
  void drain(UniqueFunction<void()> done);

  // Any shard. The final response, of whatever status. Unreachable, DeadlinePassed (Timer F), Overload, SipUri (a next
  // hop of no use), Closed.
  runtime::Task<Result<ReceivedResponse>> send(OutgoingRequest request);

  const Counters& counters(std::size_t shard) const;
  const EndpointOptions& options() const { return options_; }

 private:
  friend class EndpointShard;
  bool admits(const net::Address& peer) const { return !options_.admits || options_.admits(peer); }
  EndpointShard& shard_of(Transport transport, const net::Address& peer);
  runtime::Task<Result<ReceivedResponse>> send_to(OutgoingRequest request, NextHop hop, net::Address address);
  Result<Unit> listen_streams(Transport transport, std::uint16_t port, std::size_t index, std::uint16_t* bound);
  std::shared_ptr<const net::TlsContext> tls_server() const;
  std::shared_ptr<const net::TlsContext> tls_client() const;

  runtime::Shards& shards_;
  EndpointOptions options_;
  SipKey address_key_;
  mutable std::mutex tls_mutex_;  // of the two contexts among the options
  std::shared_ptr<ConnectionSlots> slots_;
  std::shared_ptr<OngoingRequests> ongoing_;
  std::vector<std::unique_ptr<EndpointShard>> on_shard_;
};

// `size`: of the request; more than 1 300 bytes prefer TCP (RFC 3261 clause 18.1.1). SipUri.
Result<NextHop> next_hop_of(std::string_view uri, std::size_t size);

}  // namespace claviger::sip
