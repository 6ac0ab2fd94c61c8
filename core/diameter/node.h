// A Diameter node (RFC 6733): listeners, peers and their connections, routing, and the transactions under way.
//
// One per process and identity, over all its shards. Each connection lives on one shard; a request is handled there and its
// answer goes back from there, and what goes to a peer whose connection is elsewhere travels by mailbox. Peers and
// routes are a table that every shard has a copy of; changing it is for the shard that made the node ("home").
// The life of it: construct, serve(), start(), listen(), admit() … stop() on the home shard; destroy after the shards.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/diameter/dictionary.h"
#include "core/diameter/peer_options.h"
#include "core/diameter/request.h"
#include "core/net/acceptor.h"
#include "core/net/address.h"
#include "core/runtime/shard.h"
#include "core/runtime/task.h"

namespace claviger::diameter {

class NodeShard;
class PeerTable;
struct PeerEntry;
class ProcedureHandler;

// Who handles what.
struct Served {
  std::uint32_t application;
  std::uint32_t command;  // 0: each
  Handler* handler;
  Check check;
};

// A request of our own.
struct Outgoing {
  Slice message;     // of the calling shard; identifiers are filled in
  std::string host;  // as Destination
  std::string realm;
  Monotonic deadline;  // of all attempts together
  Milliseconds attempt{1'800};
  bool may_fail_over = true;
};

class Node {
 public:
  Node(runtime::Shards& shards, NodeOptions options, Dictionary dictionary);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  // Before start(). kRelayApplication as application: whatever nobody else serves; `command` 0: each of its commands.
  void serve(std::uint32_t application, std::uint32_t command, Handler& handler, Check check = Check::Full);
  void serve(std::uint32_t application, std::uint32_t command, Procedure procedure, void* owner,
             Check check = Check::Full);
  void advertise(Application application);
  Dictionary& dictionary() { return dictionary_; }

  // Home shard.
  Result<Unit> start();
  // Under TLS with the server's context of use_tls(). The address, with the port that the kernel chose.
  Result<net::Address> listen(const net::Address& address, bool is_tls);
  // For new connections, both ways; the server's asks for certificates. Null: none.
  void use_tls(std::shared_ptr<const net::TlsContext> server, std::shared_ptr<const net::TlsContext> client);
  // Code::PeerTaken when there is one of that identity.
  Result<Unit> admit(PeerOptions peer);
  // Code::PeerUnknown. Its connection ends; what waits for it fails over or is answered.
  Result<Unit> remove(std::string_view identity);
  // In the place of the one of that identity: there is no moment in which nobody is known by it. Its connection ends with a
  // Disconnect-Cause after which it comes again, or we call it again. Code::PeerUnknown, Code::TooMany.
  Result<Unit> change(PeerOptions peer);
  // DPR, and a new connection only when the peer or reconnect() opens one. Code::PeerUnknown, Code::Unreachable.
  Result<Unit> disconnect(std::string_view identity);
  Result<Unit> reconnect(std::string_view identity);
  // DPR to everybody, and the end of all connections.
  runtime::Task<void> stop(Monotonic deadline);

  // Any shard; the answer is of that shard. Exactly one answer or error comes, before the deadline: Code::Unreachable (nobody
  // to ask), RealmUnknown, DestinationUnknown, DeadlinePassed, Overload.
  runtime::Task<Result<Message>> send(Outgoing request);
  // "identity;time;number" (RFC 6733 clause 8.8), unique for this node. On a shard.
  std::string new_session_id();
  // A request's beginning: Session-Id, then Origin-Host and Origin-Realm. On a shard.
  MessageBuilder request(std::uint32_t application, std::uint32_t command);
  // The same of an answer, as Request::answer_builder(). On a shard.
  MessageBuilder answer(const Message& request);

  const NodeOptions& options() const { return options_; }
  // When we started: a peer knows by it that we are new (RFC 6733 clause 8.16).
  std::uint32_t origin_state() const { return origin_state_; }
  std::size_t shard_count() const { return parts_.size(); }
  const Dictionary& dictionary() const { return dictionary_; }
  // Any thread.
  std::vector<PeerFigures> figures() const;
  bool is_connected(std::string_view identity) const;
  bool has_quirk(std::string_view identity, std::string_view quirk) const;
  bool knows_peer(std::string_view identity) const;

 private:
  friend class NodeShard;
  friend class Link;

  NodeShard& part();
  NodeShard& part(std::size_t shard) { return *parts_[shard]; }
  const Served* served(std::uint32_t application, std::uint32_t command) const;
  bool serves_application(std::uint32_t application) const;
  std::string_view lower_identity() const { return lower_identity_; }
  std::string_view lower_realm() const { return lower_realm_; }
  runtime::Shards& shards() { return shards_; }
  std::shared_ptr<const net::TlsContext> server_tls() const;
  std::shared_ptr<const net::TlsContext> client_tls() const;
  std::shared_ptr<const PeerTable> table() const;
  void use_table(std::vector<std::shared_ptr<PeerEntry>> peers);
  void call(std::shared_ptr<PeerEntry> peer);
  void accepted(net::Descriptor socket, const net::Address& from, bool is_tls);

  NodeOptions options_;
  std::string lower_identity_;
  std::string lower_realm_;
  Dictionary dictionary_;
  runtime::Shards& shards_;
  std::uint32_t origin_state_ = 0;  // when we started (RFC 6733 clause 8.16)
  std::vector<Served> served_;
  std::vector<std::unique_ptr<ProcedureHandler>> procedures_;
  std::vector<std::unique_ptr<NodeShard>> parts_;  // by shard index
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  std::shared_ptr<const net::TlsContext> server_tls_;
  std::shared_ptr<const net::TlsContext> client_tls_;
  std::size_t next_part_ = 0;
  std::size_t peers_made_ = 0;
  bool is_stopping_ = false;
  mutable std::mutex table_mutex_;
  std::shared_ptr<const PeerTable> table_;
  std::vector<std::shared_ptr<PeerEntry>> removed_;  // transactions may still name them
};

}  // namespace claviger::diameter
