// One shard's part of the HTTP server: its connections, its books, and what it needs of each listener.
//
// Owned by the Server; everything but `load` and the counters is used on the shard only.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <vector>

#include "core/http/date.h"
#include "core/http/server.h"
#include "core/http/waiting_room.h"
#include "core/net/acceptor.h"
#include "core/net/source_table.h"
#include "core/net/stream.h"

namespace claviger::http {

class ServerConnection;

// What all shards share of a listener: immutable but for the counts.
struct Listener {
  Listener(ListenerOptions its_options, std::size_t its_index, SipKey source_key)
      : options(std::move(its_options)), index(its_index), sources(source_key) {}
  ListenerOptions options;
  const std::size_t index;
  net::SourceTable sources;
  std::atomic<std::size_t> connections{0};
};

// An accepted connection on its way to its shard; releases what was counted for it when it ends, wherever that is.
class Accepted {
 public:
  Accepted(net::Descriptor socket, const net::Address& peer, std::shared_ptr<Listener> listener,
           std::atomic<std::size_t>& load);
  Accepted(Accepted&&) noexcept = default;
  Accepted& operator=(Accepted&&) = delete;
  ~Accepted();

  net::Descriptor socket;
  net::Address peer;
  std::shared_ptr<Listener> listener;  // null: moved from

 private:
  std::atomic<std::size_t>* load_;
};

class ServerShard {
 public:
  ServerShard(runtime::Shard& shard);
  ServerShard(const ServerShard&) = delete;
  ServerShard& operator=(const ServerShard&) = delete;
  ~ServerShard();

  void add_listener(std::shared_ptr<Listener> listener);
  void replace_tls(std::size_t listener, std::shared_ptr<const net::TlsContext> tls);
  void start_accepting(net::ListenSocket socket, net::Acceptor::Callback on_accepted);
  void serve(Accepted accepted);
  void drain(Milliseconds grace, UniqueFunction<void()> done);

  // For its connections.
  struct PerListener {
    std::shared_ptr<Listener> listener;
    std::shared_ptr<const net::TlsContext> tls;
    std::unique_ptr<Dispatcher> dispatcher;
    std::unique_ptr<WaitingRoom> silent;       // no byte of them yet
    std::unique_ptr<WaitingRoom> handshaking;  // TLS is under way
    std::unique_ptr<WaitingRoom> all;          // null without Limits::displacing_max
  };
  PerListener& per_listener(std::size_t index) { return listeners_[index]; }
  void closed(ServerConnection& connection);
  // Makes room for it; false, and counted: it is refused.
  [[nodiscard]] bool enter(WaitingRoom& room, WaitingRoom::Guest& newcomer, std::size_t source);
  std::string_view date() { return date_.text(shard_.wall()); }

  runtime::Shard& shard() { return shard_; }
  Counters counters;
  std::atomic<std::size_t> load{0};  // connections here or on their way: who has fewest gets the next
  net::StreamBuffers buffers;

 private:
  void end_drain_if_empty();

  runtime::Shard& shard_;
  DateCache date_;
  std::vector<PerListener> listeners_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  ServerConnection* connections_ = nullptr;  // a list, linked both ways
  bool is_draining_ = false;
  UniqueFunction<void()> drained_;
  runtime::Timer grace_;
};

}  // namespace claviger::http
