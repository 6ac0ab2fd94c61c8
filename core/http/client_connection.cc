#include <algorithm>
#include <utility>

#include "core/base/secret.h"
#include "core/http/client_pool.h"

namespace claviger::http {
namespace {

// Servers that read or write nothing for this long while a request is under way are given up; the request's own
// deadline is usually shorter.
constexpr Milliseconds kWriteStall{30'000};

}  // namespace

ClientConnection::ClientConnection(Client::Pool& pool, ClientOrigin& origin,
                                   runtime::Completer<Result<Unit>> established)
    : pool_(pool),
      origin_(origin),
      idle_since_(pool.shard.now()),
      stream_(pool.shard, pool.buffers, *this, {pool.options.handshake, kWriteStall}) {
  established_.emplace(std::move(established));
}

ClientConnection::~ClientConnection() {
  if (protocol_ != nullptr) protocol_->closed({Code::Cancelled, "client"});
}

Result<Unit> ClientConnection::connect(const net::Address& address) {
  return stream_.connect(address, origin_.is_https ? pool_.options.tls : nullptr, origin_.host, origin_.resumption);
}

void ClientConnection::on_established() {
  const bool is_http2 = stream_.tls() != nullptr && stream_.tls()->alpn() == "h2";
  protocol_ = is_http2 ? make_client_http2(*this) : make_client_http1(*this);
  idle_since_ = pool_.shard.now();
  // From the loop: whoever waits goes on at once, and this is the middle of the stream's work.
  pool_.shard.defer([completer = std::move(*established_)]() mutable { completer.complete(Unit{}); });
  established_.reset();
}

void ClientConnection::on_received(Slice bytes) {
  if (stream_.tls() != nullptr && stream_.tls()->resumption() != nullptr) {
    origin_.resumption = stream_.tls()->resumption();
  }
  protocol_->receive(std::move(bytes));
}

std::size_t ClientConnection::produce(MutableBytes room) {
  if (protocol_ == nullptr) return 0;
  if (!origin_.waiting.empty()) pool_.pump(origin_);  // an answer has made room for another request
  // What lay there is encrypted by now, and the last of it would stay until the next request.
  wipe(room.first(std::min(std::exchange(produced_, 0), room.size())));
  produced_ = protocol_->produce(room);
  return produced_;
}

void ClientConnection::submit(ClientExchangePtr exchange) { protocol_->submit(std::move(exchange)); }

Monotonic ClientConnection::deadline() const { return is_idle() ? idle_since_ + pool_.options.idle : Monotonic::max(); }

void ClientConnection::finish(const ClientExchangePtr& exchange, Result<ClientResponse> result) {
  idle_since_ = pool_.shard.now();
  pool_.finish(exchange, std::move(result));
  // There is room for another: not from within the protocol.
  if (!origin_.waiting.empty()) stream_.update();
}

void ClientConnection::retry(const ClientExchangePtr& exchange, Error reason) {
  if (exchange->was_retried || exchange->is_finished) return finish(exchange, reason);
  exchange->was_retried = true;
  exchange->body_sent = 0;
  exchange->response = ClientResponse();
  origin_.waiting.push_front(exchange);
}

void ClientConnection::on_closed(Error reason) {
  if (established_) {
    pool_.shard.defer([completer = std::move(*established_), reason]() mutable { completer.complete(reason); });
    established_.reset();
  }
  if (protocol_ != nullptr) protocol_->closed(reason);
  pool_.closed(origin_, *this);  // destroys this
}

}  // namespace claviger::http
