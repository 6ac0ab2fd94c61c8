// One connection of the HTTP server: its stream, and the protocol that speaks on it.
//
// Owned by its ServerShard, on that shard.
#pragma once

#include "core/http/protocol.h"
#include "core/http/server_shard.h"
#include "core/net/stream.h"

namespace claviger::http {

class ServerConnection final : public net::StreamUser, public ProtocolHost {
 public:
  ServerConnection(ServerShard& owner, Accepted accepted);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection();

  Result<Unit> start();
  void drain();
  void close_now() { stream_.close({Code::Cancelled, "server.drain"}); }
  // A newcomer takes its place.
  void displace();

  // net::StreamUser
  void on_first_bytes() override;
  void on_established() override;
  void on_received(Slice bytes) override;
  std::size_t produce(MutableBytes room) override;
  bool wants_input() const override { return protocol_ == nullptr || protocol_->wants_input(); }
  bool is_finished() const override { return is_ending_ || (protocol_ != nullptr && protocol_->is_finished()); }
  Monotonic deadline() const override { return protocol_ == nullptr ? first_byte_due_ : protocol_->deadline(); }
  void on_unsent(std::size_t bytes) override { unsent_.set(bytes); }
  void on_deadline() override;
  void on_closed(Error reason) override;

  // ProtocolHost
  void update() override { stream_.update(); }
  Monotonic now() override { return owner_.shard().now(); }
  std::string_view date() override { return owner_.date(); }
  SlabPool& slabs() override { return owner_.shard().slabs(); }
  const Peer& peer() override { return peer_; }

  ServerConnection* previous = nullptr;
  ServerConnection* next = nullptr;

 private:
  void leave_rooms();

  ServerShard& owner_;
  Accepted accepted_;
  Peer peer_;
  std::size_t source_ = 0;          // in waiting rooms
  WaitingRoom::Guest step_{this};   // among the silent ones, then among those in their handshake
  WaitingRoom::Guest whole_{this};  // among all, where a listener bounds them so
  bool is_handshaking_ = false;     // TLS is not up yet
  bool is_ending_ = false;
  Monotonic first_byte_due_ = Monotonic::max();
  KeptBytes unsent_;  // of the stream: the socket has not taken them
  net::Stream stream_;
  std::unique_ptr<Protocol> protocol_;  // after stream_: its handlers are dropped first
};

}  // namespace claviger::http
