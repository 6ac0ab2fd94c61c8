#include "core/http/server.h"

#include "core/http/server_shard.h"

namespace claviger::http {

FixedHeaders security_headers() {
  return {{"strict-transport-security", "max-age=31536000"}, {"x-content-type-options", "nosniff"}};
}

struct Server::Parts {
  runtime::Shards& shards;
  SipKey source_key;
  std::vector<std::unique_ptr<ServerShard>> on_shard;
  std::size_t listeners = 0;

  // On the accepting shard.
  void hand_on(net::Descriptor socket, const net::Address& peer, const std::shared_ptr<Listener>& listener,
               Counters& counters) {
    const Limits& limits = listener->options.limits;
    if (listener->connections.fetch_add(1, std::memory_order_relaxed) >= limits.connections_max) {
      listener->connections.fetch_sub(1, std::memory_order_relaxed);
      counters.connections_refused.add();
      return;
    }
    std::size_t fewest = 0;
    for (std::size_t i = 1; i < on_shard.size(); ++i) {
      if (on_shard[i]->load.load(std::memory_order_relaxed) < on_shard[fewest]->load.load(std::memory_order_relaxed)) {
        fewest = i;
      }
    }
    ServerShard& home = *on_shard[fewest];
    const bool is_bounded = !peer.is_unix() && limits.source_connections_max > 0;
    const std::uint32_t source_max = is_bounded ? limits.source_connections_max : UINT32_MAX;
    const bool has_place =
        peer.is_unix() || listener->sources.enter(listener->sources.bucket_of(peer.source()), source_max);
    if (!has_place) {
      listener->connections.fetch_sub(1, std::memory_order_relaxed);
      counters.connections_refused.add();
      return;
    }
    Accepted accepted(std::move(socket), peer, listener, home.load);  // from here on it releases what was counted
    if (listener->options.admits && !listener->options.admits(peer)) return counters.connections_refused.add();
    if (&home.shard() == runtime::Shard::current_or_null()) return home.serve(std::move(accepted));
    runtime::Message message([&home, moved = std::move(accepted)]() mutable { home.serve(std::move(moved)); });
    if (!home.shard().mailbox().post(std::move(message))) counters.connections_refused.add();
  }
};

Server::Server(runtime::Shards& shards, SipKey source_key) : parts_(new Parts{shards, source_key, {}, 0}) {
  for (std::size_t i = 0; i < shards.size(); ++i) {
    parts_->on_shard.push_back(std::make_unique<ServerShard>(shards[i]));
  }
}

Server::~Server() = default;

Result<Server::Listening> Server::listen(ListenerOptions options) {
  CLAVIGER_ASSERT(options.router != nullptr);
  CLAVIGER_TRY(socket, net::ListenSocket::open(options.address, options.unix_mode));
  const Listening listening{parts_->listeners++, socket.address()};
  const auto listener = std::make_shared<Listener>(std::move(options), listening.index, parts_->source_key);
  // Each shard knows the listener before the first connection can reach it: its mailbox keeps the order.
  for (auto& each : parts_->on_shard) {
    ServerShard* const one = each.get();
    one->shard().mailbox().post_control([one, listener] { one->add_listener(listener); });
  }
  // Listeners are spread over the shards: accepting is work, too.
  ServerShard* const accepting = parts_->on_shard[listening.index % parts_->on_shard.size()].get();
  accepting->shard().mailbox().post_control([this, accepting, listener, moved = std::move(socket)]() mutable {
    accepting->start_accepting(std::move(moved), [this, accepting, listener](net::Descriptor peer_socket,
                                                                              const net::Address& peer) {
      parts_->hand_on(std::move(peer_socket), peer, listener, accepting->counters);
    });
  });
  return listening;
}

void Server::replace_tls(std::size_t listener, std::shared_ptr<const net::TlsContext> tls) {
  for (auto& each : parts_->on_shard) {
    ServerShard* const one = each.get();
    one->shard().mailbox().post_control([one, listener, tls] { one->replace_tls(listener, tls); });
  }
}

void Server::drain(Milliseconds grace, UniqueFunction<void()> done) {
  struct Waiting {
    std::atomic<std::size_t> shards;
    UniqueFunction<void()> done;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->shards = parts_->on_shard.size();
  waiting->done = std::move(done);
  for (auto& each : parts_->on_shard) {
    ServerShard* const one = each.get();
    one->shard().mailbox().post_control([one, grace, waiting] {
      one->drain(grace, [waiting] {
        if (waiting->shards.fetch_sub(1) == 1) waiting->done();
      });
    });
  }
}

const Counters& Server::counters(std::size_t shard) const { return parts_->on_shard[shard]->counters; }

}  // namespace claviger::http
