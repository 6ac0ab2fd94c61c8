// One TCP or TLS connection that carries SIP, in either direction (RFC 3261 clause 18, RFC 5626 clause 3.5.1).
//
// Owned by its EndpointShard. Messages of many transactions share it; answers leave in the order in which they are ready.
#pragma once

#include <memory>
#include <string>

#include "core/net/stream.h"
#include "core/sip/connection_slots.h"
#include "core/sip/endpoint.h"
#include "core/sip/frame_scanner.h"

namespace claviger::sip {

class EndpointShard;

class Connection final : public net::StreamUser {
 public:
  Connection(EndpointShard& owner, std::uint64_t id, const Peer& peer, ConnectionSlots::Slot slot);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  Result<Unit> accept(net::Descriptor socket, std::shared_ptr<const net::TlsContext> tls);
  Result<Unit> connect(std::shared_ptr<const net::TlsContext> tls, const std::string& host);
  // Overload: the peer does not read.
  Result<Unit> send(std::string_view text);
  void close_now() { stream_.close({Code::Cancelled, "sip.drain"}); }

  std::uint64_t id() const { return id_; }
  const Peer& peer() const { return peer_; }
  // Lives as long as this.
  std::weak_ptr<const void> way() const { return way_; }

  // net::StreamUser
  void on_established() override;
  void on_received(Slice bytes) override;
  std::size_t produce(MutableBytes room) override;
  bool wants_input() const override { return output_.size() - sent_ < kUnsentBytesMax; }
  bool is_finished() const override { return is_ending_; }
  Monotonic deadline() const override;
  void on_deadline() override { is_ending_ = true; }
  void on_closed(Error reason) override;

 private:
  EndpointShard& owner_;
  std::uint64_t id_;
  Peer peer_;
  ConnectionSlots::Slot slot_;
  std::shared_ptr<const void> way_ = std::make_shared<char>();
  FrameScanner scanner_;
  std::string input_;
  std::string output_;
  std::size_t sent_ = 0;
  bool is_ending_ = false;
  Monotonic since_;  // the last whole message came, or this one began
  net::Stream stream_;
};

}  // namespace claviger::sip
