// One shard's part of the SIP endpoint: its sockets, its connections, its transactions.
//
// Owned by the Endpoint; used on its shard only, but for the counters.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/net/acceptor.h"
#include "core/net/datagram_socket.h"
#include "core/net/stream.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/scope.h"
#include "core/sip/connection_slots.h"
#include "core/sip/endpoint.h"
#include "core/sip/server_transactions.h"

namespace claviger::sip {

class Connection;

class EndpointShard {
 public:
  EndpointShard(runtime::Shard& shard, Endpoint& endpoint);
  EndpointShard(const EndpointShard&) = delete;
  EndpointShard& operator=(const EndpointShard&) = delete;
  ~EndpointShard();

  void start_datagrams(std::unique_ptr<net::DatagramSocket> socket);
  void start_accepting(net::ListenSocket socket, net::Acceptor::Callback on_accepted);
  void serve(net::Descriptor socket, const net::Address& peer, Transport transport, ConnectionSlots::Slot slot);
  void drain(UniqueFunction<void()> done);

  // A whole message, or what is left of a broken one. `connection`: 0 for a datagram. False: the stream must end.
  bool receive(std::string_view text, const Peer& peer, std::uint64_t connection);
  void on_datagram(Bytes datagram, const net::Address& peer);
  runtime::Task<Result<ReceivedResponse>> transact(OutgoingRequest request, NextHop hop, net::Address address);

  // For its connections.
  void closed(Connection& connection, Error reason);
  runtime::Shard& shard() { return shard_; }
  Endpoint& endpoint() { return endpoint_; }

  Counters counters;
  net::StreamBuffers buffers;

 private:
  struct Pending {
    explicit Pending(runtime::Completer<Result<ReceivedResponse>> its_completer)
        : completer(std::move(its_completer)) {}
    runtime::Completer<Result<ReceivedResponse>> completer;
    std::string method;
    std::uint64_t connection = 0;
    bool is_proceeding = false;
  };

  // 403 without a transaction, to some of them: never more octets than came, and few a second.
  void refuse_datagram(std::string_view text, const Peer& peer);
  void receive_request(std::unique_ptr<Received> received, std::uint64_t connection);
  void receive_response(std::unique_ptr<Received> received);
  // How its answer goes back: expired once it cannot.
  std::weak_ptr<const void> way_of(std::uint64_t connection) const;
  // What needs no handler: INVITE, ACK, CANCEL, unknown methods and extensions. Nothing: it does.
  std::optional<Response> answer_alone(const Message& request, std::string_view source);
  runtime::Task<void> run(TransactionKey key, std::unique_ptr<Received> received, std::uint64_t connection);
  void answer(const Received& received, const Response& response, std::uint64_t connection, const TransactionKey* key);
  void send_response(const Received& received, const std::string& text, std::uint64_t connection);
  void finish(const std::string& branch, Result<ReceivedResponse> result);
  Result<std::uint64_t> connection_to(const NextHop& hop, const net::Address& address);
  std::string write_request(const OutgoingRequest& request, Transport transport, const std::string& branch) const;
  std::string tag_for(const Message& request) const;
  void arm_expiry();
  void end_drain_if_empty();

  runtime::Shard& shard_;
  Endpoint& endpoint_;
  SipKey tag_key_;
  ServerTransactions transactions_;
  std::unordered_map<std::string, Pending> pending_;  // by branch
  std::uint64_t next_branch_ = 0;
  const std::string branch_prefix_;  // read by every shard
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::unordered_map<std::string, std::uint64_t> connections_by_peer_;  // transport and address
  std::uint64_t next_connection_ = 1;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  std::unique_ptr<net::DatagramSocket> datagrams_;
  Monotonic refusals_since_;
  std::uint32_t refusals_ = 0;  // in the second from then
  runtime::Timer expiry_;
  UniqueFunction<void()> drained_;
  bool is_draining_ = false;
  runtime::Scope scope_;  // last: its tasks use all of the above
};

}  // namespace claviger::sip
