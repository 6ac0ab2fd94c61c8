#include "core/http/server_shard.h"

#include "core/http/server_connection.h"

namespace claviger::http {

Accepted::Accepted(net::Descriptor its_socket, const net::Address& its_peer, std::shared_ptr<Listener> its_listener,
                   std::atomic<std::size_t>& load)
    : socket(std::move(its_socket)), peer(its_peer), listener(std::move(its_listener)), load_(&load) {
  load_->fetch_add(1, std::memory_order_relaxed);
}

Accepted::~Accepted() {
  if (listener == nullptr) return;
  load_->fetch_sub(1, std::memory_order_relaxed);
  listener->connections.fetch_sub(1, std::memory_order_relaxed);
  if (!peer.is_unix()) listener->sources.leave(listener->sources.bucket_of(peer.source()));
}

ServerShard::ServerShard(runtime::Shard& shard)
    : shard_(shard), grace_(
                         [](void* self) {
                           for (auto* each = static_cast<ServerShard*>(self)->connections_; each != nullptr;) {
                             ServerConnection* const connection = each;
                             each = each->next;
                             connection->close_now();  // removed at the turn's end
                           }
                         },
                         this) {}

ServerShard::~ServerShard() {
  while (connections_ != nullptr) closed(*connections_);
}

void ServerShard::add_listener(std::shared_ptr<Listener> listener) {
  PerListener made;
  made.tls = listener->options.tls;
  made.dispatcher = std::make_unique<Dispatcher>(listener->options.router, listener->options.limits, counters,
                                                 listener->options.overload);
  const Limits& limits = listener->options.limits;
  made.silent = std::make_unique<WaitingRoom>(limits.silent_max, limits.source_share);
  made.handshaking = std::make_unique<WaitingRoom>(limits.handshaking_max, limits.source_share);
  if (limits.displacing_max > 0) made.all = std::make_unique<WaitingRoom>(limits.displacing_max, 0);
  made.listener = std::move(listener);
  listeners_.push_back(std::move(made));
}

void ServerShard::replace_tls(std::size_t listener, std::shared_ptr<const net::TlsContext> tls) {
  listeners_[listener].tls = std::move(tls);
}

void ServerShard::start_accepting(net::ListenSocket socket, net::Acceptor::Callback on_accepted) {
  if (is_draining_) return;
  acceptors_.push_back(std::make_unique<net::Acceptor>(shard_, std::move(socket), std::move(on_accepted)));
  if (!acceptors_.back()->start()) shard_.logger().error("http.accept_failed");
}

void ServerShard::serve(Accepted accepted) {
  if (is_draining_) {
    counters.connections_refused.add();
    return;
  }
  counters.connections_accepted.add();
  auto* connection = new ServerConnection(*this, std::move(accepted));
  connection->next = connections_;
  if (connections_ != nullptr) connections_->previous = connection;
  connections_ = connection;
  if (!connection->start()) closed(*connection);
}

bool ServerShard::enter(WaitingRoom& room, WaitingRoom::Guest& newcomer, std::size_t source) {
  const Monotonic now = shard_.now();
  const WaitingRoom::Verdict verdict = room.judge(source, now);
  if (verdict.is_refused) {
    counters.connections_refused.add();
    return false;
  }
  if (verdict.leaves != nullptr) {
    counters.connections_displaced.add();
    verdict.leaves->connection->displace();
  }
  room.enter(newcomer, source, now);
  return true;
}

void ServerShard::closed(ServerConnection& connection) {
  (connection.previous != nullptr ? connection.previous->next : connections_) = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  delete &connection;
  end_drain_if_empty();
}

void ServerShard::drain(Milliseconds grace, UniqueFunction<void()> done) {
  is_draining_ = true;
  drained_ = std::move(done);
  acceptors_.clear();
  for (ServerConnection* each = connections_; each != nullptr; each = each->next) each->drain();
  shard_.timers().start(grace_, shard_.now() + grace);
  end_drain_if_empty();
}

void ServerShard::end_drain_if_empty() {
  if (!is_draining_ || connections_ != nullptr || !drained_) return;
  grace_.stop();
  // From the loop: `done` may destroy us.
  shard_.defer([done = std::move(drained_)]() mutable { done(); });
  drained_ = {};
}

}  // namespace claviger::http
