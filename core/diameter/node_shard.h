// One shard's part of a node: its connections, the transactions that began here, and the way between the two.
//
// Owned by the Node; used on its shard only, but for post().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/diameter/answer_cache.h"
#include "core/diameter/link.h"
#include "core/diameter/node.h"
#include "core/diameter/overload.h"
#include "core/diameter/packer.h"
#include "core/diameter/peer_table.h"
#include "core/diameter/read_share.h"
#include "core/diameter/transaction.h"
#include "core/net/stream.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/scope.h"

namespace claviger::diameter {

// Procedures waiting on one shard: some 2 KiB of frame and message each.
inline constexpr std::size_t kProceduresMax = 16 * 1024;
// Connections of one shard whose peers have not told who they are; and those of them from one source (net::Address::source()).
// At either bound the one that has been silent longest makes room: whoever opens connections and says nothing displaces its
// own, and never keeps a peer out.
inline constexpr std::size_t kStrangersMax = 256;
inline constexpr std::size_t kStrangersOfSourceMax = 64;
// Requests that lost their peer and are sent elsewhere in one turn: the others' new ones get their share of the loop.
inline constexpr std::size_t kFailOversPerTurn = 1024;

class NodeShard {
 public:
  NodeShard(Node& node, runtime::Shard& shard);
  NodeShard(const NodeShard&) = delete;
  NodeShard& operator=(const NodeShard&) = delete;
  ~NodeShard();

  Node& node() { return node_; }
  runtime::Shard& shard() { return shard_; }
  net::StreamBuffers& buffers() { return buffers_; }
  Packer& packer() { return packer_; }
  ReadShare& read_share() { return read_share_; }
  const NodeOptions& options() const { return node_.options(); }
  std::uint64_t random();
  std::uint32_t next_end_to_end();
  std::string new_session_id();

  // Of the node.
  void use_table(std::shared_ptr<const PeerTable> table);
  const PeerTable& table() const { return *table_; }
  void adopt(net::Descriptor socket, const net::Address& from, bool is_tls);
  void call(std::shared_ptr<PeerEntry> peer);  // home of the peer: keeps a connection to it
  void disconnect_all(std::uint32_t cause);
  void end();
  std::size_t links() const { return link_count_; }

  // Of connections.
  Link* link(std::uint64_t id);
  Link* link_of(const PeerEntry& peer);
  void opened(Link& link);
  void closed(Link& link);
  void stranger_gone(const Link& link);
  void receive_request(Link& link, Slice message);
  void receive_answer(Link& link, const Message& answer);
  void forget_reports(const PeerEntry& peer);
  // Nobody will answer it any more.
  void lost(const PendingTable::Waiting& waiting);
  void close_elsewhere(int shard, std::uint64_t link, Error reason);

  // Of requests.
  MessageBuilder answer_builder(const Message& request);
  void answer(std::uint64_t connection, const AnswerCache::Name& name, Slice message);
  void refuse(std::uint64_t connection, const Message& request, std::uint32_t code, std::string_view error_message);
  void forward(std::uint64_t connection, const Message& request, const AnswerCache::Name& name, const Source& source,
               Edits& edits, const Forwarding& how);
  runtime::Scope& procedures() { return procedures_; }
  Result<runtime::OneShot<Result<Message>>> send(const Outgoing& request);

  // Of transactions.
  void timed_out(Transaction& transaction);

 private:
  struct Caller;

  struct Stranger {
    std::uint64_t link;
    std::uint64_t source;
  };
  void make_room_for(std::uint64_t source);
  Link& make_link(PeerEntry* dialled, std::string address);
  runtime::Task<void> connect(std::shared_ptr<PeerEntry> peer);
  void name_destination(Transaction& transaction, const Destination& to);
  void dispatch(Transaction& transaction);
  void send_here(Transaction& transaction, Link& link);
  void send_elsewhere(Transaction& transaction, int shard);
  void try_another(Transaction& transaction, Error reason);
  void withdraw(Transaction& transaction);
  void lost_here(std::uint64_t transaction);
  void move_lost();
  bool is_filling(const Transaction& transaction);
  void send_for_another(PeerEntry& peer, const PendingTable::Waiting& waiting, const std::string& bytes);
  void complete(std::uint64_t transaction, const Message& answer, const PeerEntry& peer);
  void complete_forwarded(Transaction& transaction, const Message& answer);
  void follow(Transaction& transaction, const Message& redirect);
  void fail(Transaction& transaction, Error reason);
  void take_report(const Transaction& transaction, const Message& answer, const PeerEntry& peer);
  void send_down(std::uint64_t connection, Slice message);

  Node& node_;
  runtime::Shard& shard_;
  net::StreamBuffers buffers_;
  std::uint64_t random_state_;
  std::uint32_t end_to_end_;
  std::uint64_t sessions_ = 0;
  std::shared_ptr<const PeerTable> table_;
  Packer packer_;
  ReadShare read_share_;
  AnswerCache answers_;
  OverloadTable overload_;
  OwnOverload own_overload_;
  TransactionPool transactions_;
  struct Slot {
    std::unique_ptr<Link> link;
    std::uint32_t uses = 0;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::size_t link_count_ = 0;
  std::vector<Stranger> strangers_;  // the longest silent first
  std::vector<Link*> by_peer_;       // by PeerEntry::index
  std::vector<std::unique_ptr<Caller>> callers_;
  std::vector<std::uint64_t> lost_;  // transactions to be sent elsewhere
  std::size_t lost_next_ = 0;
  runtime::Timer lost_timer_{[](void* self) { static_cast<NodeShard*>(self)->move_lost(); }, this};
  bool is_ending_ = false;
  runtime::Scope calls_;
  runtime::Scope procedures_;
};

}  // namespace claviger::diameter
