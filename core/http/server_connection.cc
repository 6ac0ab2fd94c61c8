#include "core/http/server_connection.h"

#include <sys/socket.h>

namespace claviger::http {
namespace {

net::StreamLimits stream_limits(const Limits& limits) {
  return {limits.handshake, limits.first_byte, limits.send_stall};
}

}  // namespace

ServerConnection::ServerConnection(ServerShard& owner, Accepted accepted)
    : owner_(owner),
      accepted_(std::move(accepted)),
      unsent_(*owner.per_listener(accepted_.listener->index).dispatcher),
      stream_(owner.shard(), owner.buffers, *this, stream_limits(accepted_.listener->options.limits)) {
  owner_.counters.connections_open.add();
}

ServerConnection::~ServerConnection() {
  leave_rooms();
  owner_.counters.connections_open.subtract();
}

Result<Unit> ServerConnection::start() {
  const std::size_t listener = accepted_.listener->index;
  peer_.listener = listener;
  peer_.address = accepted_.peer.host();
  peer_.port = accepted_.peer.port();
  if (accepted_.listener->options.address.is_unix()) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (getsockopt(accepted_.socket.number(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0) {
      peer_.uid = credentials.uid;
      peer_.pid = credentials.pid;
    }
  }
  // One user of this host is one source, too.
  source_ =
      accepted_.listener->sources.bucket_of(accepted_.peer.is_unix() ? peer_.uid.value_or(0) : accepted_.peer.source());
  ServerShard::PerListener& rooms = owner_.per_listener(listener);
  if (rooms.all != nullptr && !owner_.enter(*rooms.all, whole_, source_)) return Error{Code::TooMany, "server.all"};
  if (!owner_.enter(*rooms.silent, step_, source_)) return Error{Code::TooMany, "server.silent"};
  auto tls = rooms.tls;
  peer_.is_tls = is_handshaking_ = tls != nullptr;
  return stream_.accept(std::move(accepted_.socket), std::move(tls));
}

void ServerConnection::leave_rooms() {
  WaitingRoom::leave(step_);
  WaitingRoom::leave(whole_);
}

void ServerConnection::displace() {
  leave_rooms();
  stream_.close({Code::TooMany, "server.displaced"});
}

void ServerConnection::on_first_bytes() {
  WaitingRoom::leave(step_);
  if (owner_.enter(*owner_.per_listener(peer_.listener).handshaking, step_, source_)) return;
  stream_.close({Code::TooMany, "server.handshaking"});
}

void ServerConnection::on_established() {
  ServerShard::PerListener& listener = owner_.per_listener(peer_.listener);
  if (!peer_.is_tls) {  // the first bytes tell the protocol
    first_byte_due_ = now() + listener.dispatcher->limits().first_byte;
    return;
  }
  WaitingRoom::leave(step_);
  is_handshaking_ = false;
  const net::TlsSession& tls = *stream_.tls();
  owner_.counters.handshakes.add();
  if (tls.is_resumed()) owner_.counters.handshakes_resumed.add();
  if (auto certificate = tls.peer_certificate()) {
    peer_.certificate_digest = certificate->digest;
    peer_.certificate_der = std::move(certificate->der);
    peer_.is_certificate_trusted = certificate->is_trusted;
  }
  const auto make = tls.alpn() == "h2" ? &make_http2 : &make_http1;
  protocol_ = make(*this, *listener.dispatcher, listener.listener->options.headers);
}

void ServerConnection::on_received(Slice bytes) {
  owner_.counters.bytes_received.add(bytes.size());
  if (protocol_ == nullptr) {
    WaitingRoom::leave(step_);
    // Prior knowledge (RFC 9113 clause 3.3): the client preface cannot be the start of an HTTP/1.1 request.
    const auto make = bytes.text().starts_with("PRI ") ? &make_http2 : &make_http1;
    ServerShard::PerListener& listener = owner_.per_listener(peer_.listener);
    protocol_ = make(*this, *listener.dispatcher, listener.listener->options.headers);
  }
  protocol_->receive(std::move(bytes));
}

std::size_t ServerConnection::produce(MutableBytes room) {
  if (protocol_ == nullptr) return 0;
  const std::size_t count = protocol_->produce(room);
  owner_.counters.bytes_sent.add(count);
  return count;
}

void ServerConnection::on_deadline() {
  if (protocol_ != nullptr) return protocol_->on_deadline();
  is_ending_ = true;
}

void ServerConnection::drain() {
  if (protocol_ != nullptr) return protocol_->drain();
  if (is_handshaking_) return close_now();
  is_ending_ = true;
  stream_.update();
}

void ServerConnection::on_closed(Error reason) {
  if (is_handshaking_) owner_.counters.handshakes_failed.add();
  if (reason.code == Code::DeadlinePassed) owner_.counters.timeouts.add();
  owner_.closed(*this);  // destroys this
}

}  // namespace claviger::http
