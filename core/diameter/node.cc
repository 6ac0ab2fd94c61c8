#include "core/diameter/node.h"

#include <algorithm>
#include <utility>

#include "core/diameter/node_shard.h"
#include "core/runtime/call.h"

namespace claviger::diameter {
namespace {

// Each stays, for transactions that name it.
constexpr std::size_t kPeersMadeMax = 16 * kPeersMax;
constexpr Milliseconds kStopPoll{20};

}  // namespace

// A handler that starts a coroutine for each request.
class ProcedureHandler final : public Handler {
 public:
  ProcedureHandler(Procedure procedure, void* owner) : procedure_(procedure), owner_(owner) {}
  void handle(Request& request) override {
    NodeShard& shard = request.shard();
    if (shard.procedures().size() >= kProceduresMax) return request.refuse(result_code::kTooBusy);
    // copy: it may wait long, and the received slab is not its alone.
    request.keep(shard.packer().keep(request.message().bytes()));
    shard.procedures().spawn(procedure_(owner_, std::move(request)));
  }

 private:
  Procedure procedure_;
  void* owner_;
};

Node::Node(runtime::Shards& shards, NodeOptions options, Dictionary dictionary)
    : options_(std::move(options)),
      lower_identity_(lower(options_.identity)),
      lower_realm_(lower(options_.realm)),
      dictionary_(std::move(dictionary)),
      shards_(shards),
      table_(std::make_shared<const PeerTable>()) {
  CLAVIGER_ASSERT(options_.pending_max <= PendingTable::kMax);
}

Node::~Node() = default;

void Node::serve(std::uint32_t application, std::uint32_t command, Handler& handler, Check check) {
  served_.push_back({application, command, &handler, check});
}

void Node::serve(std::uint32_t application, std::uint32_t command, Procedure procedure, void* owner, Check check) {
  procedures_.push_back(std::make_unique<ProcedureHandler>(procedure, owner));
  serve(application, command, *procedures_.back(), check);
}

void Node::advertise(Application application) {
  if (std::ranges::find(options_.applications, application) == options_.applications.end()) {
    options_.applications.push_back(application);
  }
}

const Served* Node::served(std::uint32_t application, std::uint32_t command) const {
  const Served* any = nullptr;
  for (const Served& each : served_) {
    if (each.application == application && each.command == command) return &each;
    const bool is_wider =
        each.command == 0 && (each.application == application || each.application == kRelayApplication);
    if (is_wider && (any == nullptr || each.application == application)) any = &each;
  }
  return any;
}

bool Node::serves_application(std::uint32_t application) const {
  return std::ranges::any_of(served_, [&](const Served& each) { return each.application == application; });
}

NodeShard& Node::part() { return *parts_[runtime::Shard::current().index()]; }

std::shared_ptr<const PeerTable> Node::table() const {
  const std::lock_guard lock(table_mutex_);
  return table_;
}

Result<Unit> Node::start() {
  CLAVIGER_ASSERT(parts_.empty());
  // Seconds: later than at the last start, unless that was a second ago.
  origin_state_ = static_cast<std::uint32_t>(numeric_date(runtime::Shard::current().wall()));
  for (std::size_t i = 0; i < shards_.size(); ++i) parts_.push_back(std::make_unique<NodeShard>(*this, shards_[i]));
  return Unit{};
}

Result<net::Address> Node::listen(const net::Address& address, bool is_tls) {
  CLAVIGER_TRY(socket, net::ListenSocket::open(address));
  const net::Address bound = socket.address();
  auto hand_on = [this, is_tls](net::Descriptor accepted_socket, const net::Address& from) {
    accepted(std::move(accepted_socket), from, is_tls);
  };
  acceptors_.push_back(
      std::make_unique<net::Acceptor>(runtime::Shard::current(), std::move(socket), std::move(hand_on)));
  CLAVIGER_TRY(started, acceptors_.back()->start());
  return bound;
}

void Node::accepted(net::Descriptor socket, const net::Address& from, bool is_tls) {
  // In turn: each peer has one connection, and they are alike in the long run.
  NodeShard& to = *parts_[next_part_++ % parts_.size()];
  if (&to.shard() == &runtime::Shard::current()) return to.adopt(std::move(socket), from, is_tls);
  runtime::Message job(
      [&to, from, is_tls, moved = std::move(socket)]() mutable { to.adopt(std::move(moved), from, is_tls); });
  // Refused: the mailbox is full, and the peer finds its connection closed.
  static_cast<void>(to.shard().mailbox().post(std::move(job)));
}

void Node::use_tls(std::shared_ptr<const net::TlsContext> server, std::shared_ptr<const net::TlsContext> client) {
  const std::lock_guard lock(table_mutex_);
  server_tls_ = std::move(server);
  client_tls_ = std::move(client);
}

std::shared_ptr<const net::TlsContext> Node::server_tls() const {
  const std::lock_guard lock(table_mutex_);
  return server_tls_;
}

std::shared_ptr<const net::TlsContext> Node::client_tls() const {
  const std::lock_guard lock(table_mutex_);
  return client_tls_;
}

void Node::use_table(std::vector<std::shared_ptr<PeerEntry>> peers) {
  auto made = std::make_shared<const PeerTable>(std::move(peers));
  {
    const std::lock_guard lock(table_mutex_);
    table_ = made;
  }
  for (const std::unique_ptr<NodeShard>& part : parts_) {
    if (&part->shard() == &runtime::Shard::current()) {
      part->use_table(made);
    } else {
      part->shard().mailbox().post_control([its = part.get(), made] { its->use_table(made); });
    }
  }
}

Result<Unit> Node::admit(PeerOptions peer) {
  const std::string_view identity = peer.identity;
  const bool is_name = !identity.empty() && identity.size() <= kIdentityMax && peer.realm.size() <= kIdentityMax;
  if (!is_name) return Error{Code::PeerIdentity, "diameter.peer"};
  const auto present = table();
  if (present->find(identity) != nullptr || LowerName(identity).text() == lower_identity_) {
    return Error{Code::PeerTaken, "diameter.peer"};
  }
  if (present->peers().size() >= kPeersMax || peers_made_ >= kPeersMadeMax) {
    return Error{Code::TooMany, "diameter.peers"};
  }
  auto entry = std::make_shared<PeerEntry>(peers_made_++, std::move(peer));
  std::vector<std::shared_ptr<PeerEntry>> peers = present->peers();
  peers.push_back(entry);
  use_table(std::move(peers));
  call(std::move(entry));
  return Unit{};
}

void Node::call(std::shared_ptr<PeerEntry> peer) {
  if (peer->options.host.empty()) return;
  NodeShard& home = *parts_[peer->index % parts_.size()];
  home.shard().mailbox().post_control([&home, peer = std::move(peer)] { home.call(peer); });
}

Result<Unit> Node::change(PeerOptions peer) {
  const auto present = table();
  const PeerEntry* const found = present->find(peer.identity);
  if (found == nullptr) return Error{Code::PeerUnknown, "diameter.peer"};
  if (peers_made_ >= kPeersMadeMax) return Error{Code::TooMany, "diameter.peers"};
  auto entry = std::make_shared<PeerEntry>(peers_made_++, std::move(peer));
  std::vector<std::shared_ptr<PeerEntry>> peers = present->peers();
  for (std::shared_ptr<PeerEntry>& each : peers) {
    if (each.get() != found) continue;
    {
      const std::lock_guard lock(each->mutex);
      entry->rests = each->rests;
    }
    entry->former = each.get();
    each->is_removed = true;
    each->is_leaving = true;
    removed_.push_back(std::exchange(each, entry));
  }
  use_table(std::move(peers));
  call(std::move(entry));
  return Unit{};
}

Result<Unit> Node::remove(std::string_view identity) {
  const auto present = table();
  const PeerEntry* const found = present->find(identity);
  if (found == nullptr) return Error{Code::PeerUnknown, "diameter.peer"};
  std::vector<std::shared_ptr<PeerEntry>> left;
  for (const std::shared_ptr<PeerEntry>& each : present->peers()) {
    if (each.get() != found) {
      left.push_back(each);
      continue;
    }
    each->is_removed = true;
    each->is_leaving = true;
    removed_.push_back(each);
  }
  use_table(std::move(left));
  return Unit{};
}

Result<Unit> Node::disconnect(std::string_view identity) {
  PeerEntry* const found = table()->find(identity);
  if (found == nullptr) return Error{Code::PeerUnknown, "diameter.peer"};
  const std::lock_guard lock(found->mutex);
  found->rests = true;
  if (found->connection == 0) return Error{Code::Unreachable, "diameter.peer"};
  NodeShard& its = *parts_[static_cast<std::size_t>(found->shard.load())];
  its.shard().mailbox().post_control([&its, id = found->connection] {
    if (Link* const link = its.link(id)) link->disconnect(kDoNotWantToTalk);
  });
  return Unit{};
}

Result<Unit> Node::reconnect(std::string_view identity) {
  PeerEntry* const found = table()->find(identity);
  if (found == nullptr) return Error{Code::PeerUnknown, "diameter.peer"};
  const std::lock_guard lock(found->mutex);
  found->rests = false;
  return Unit{};
}

namespace {

// Asks each part on its own shard; `done` counts.
template <typename Do>
runtime::Task<Result<Unit>> on_part(NodeShard* part, Do work) {
  work(*part);
  co_return Unit{};
}

template <typename Do>
runtime::Task<void> on_parts(const std::vector<std::unique_ptr<NodeShard>>* parts, Do work) {
  for (const std::unique_ptr<NodeShard>& part : *parts) {
    NodeShard* const its = part.get();
    auto start = [its, work] { return on_part(its, work); };
    const auto done = co_await runtime::call_on(&its->shard(), start);
    if (!done) its->shard().logger().error("diameter.stop", {{"code", name_of(done.error().code)}});
  }
}

}  // namespace

runtime::Task<void> Node::stop(Monotonic deadline) {
  is_stopping_ = true;
  acceptors_.clear();
  auto leave = [](NodeShard& part) { part.disconnect_all(kRebooting); };
  co_await on_parts(&parts_, leave);
  runtime::Shard& home = runtime::Shard::current();
  for (;;) {
    auto left = std::make_shared<std::atomic<std::size_t>>(0);
    auto count = [left](NodeShard& part) { *left += part.links(); };
    co_await on_parts(&parts_, count);
    if (*left == 0 || home.now() >= deadline) break;
    co_await home.wait_until(home.now() + kStopPoll);
  }
  auto end = [](NodeShard& part) { part.end(); };
  co_await on_parts(&parts_, end);
}

runtime::Task<Result<Message>> Node::send(Outgoing request) {
  auto sent = part().send(request);
  if (!sent) co_return sent.error();
  runtime::OneShot<Result<Message>> waiter = *std::move(sent);
  Result<Message> answer = co_await waiter;  // its transaction has a deadline
  co_return answer;
}

std::string Node::new_session_id() { return part().new_session_id(); }

MessageBuilder Node::request(std::uint32_t application, std::uint32_t command) {
  MessageBuilder builder = MessageBuilder::request(runtime::Shard::current().slabs(), application, command);
  builder.text(avp::kSessionId, new_session_id());
  builder.origin(options_.identity, options_.realm);
  return builder;
}

MessageBuilder Node::answer(const Message& request) { return part().answer_builder(request); }

std::vector<PeerFigures> Node::figures() const {
  std::vector<PeerFigures> all;
  for (const std::shared_ptr<PeerEntry>& peer : table()->peers()) {
    PeerFigures figures;
    figures.identity = peer->options.identity;
    figures.realm = peer->options.realm;
    figures.is_tls = peer->options.is_tls;
    figures.addresses = peer->options.addresses;
    figures.operator_admitted = peer->options.operator_admitted;
    figures.is_connected = peer->shard != PeerEntry::kNowhere;
    figures.state = peer->state;
    {
      const std::lock_guard lock(peer->mutex);
      figures.address = figures.is_connected ? peer->address : peer->options.host;
    }
    const PeerCounters& counters = peer->counters;
    figures.pending = counters.pending.read();
    figures.requests_in = counters.requests_in.read();
    figures.requests_out = counters.requests_out.read();
    figures.answers_in = counters.answers_in.read();
    figures.answers_out = counters.answers_out.read();
    figures.dropped = counters.dropped.read();
    figures.refused = counters.refused;
    figures.failovers = counters.failovers;
    figures.connects = counters.connects.read();
    all.push_back(std::move(figures));
  }
  return all;
}

bool Node::is_connected(std::string_view identity) const {
  const auto present = table();
  const PeerEntry* const found = present->find(identity);
  return found != nullptr && found->shard != PeerEntry::kNowhere;
}

bool Node::has_quirk(std::string_view identity, std::string_view quirk) const {
  const auto present = table();
  const PeerEntry* const found = present->find(identity);
  return found != nullptr && std::ranges::find(found->options.quirks, quirk) != found->options.quirks.end();
}

bool Node::knows_peer(std::string_view identity) const { return table()->find(identity) != nullptr; }

}  // namespace claviger::diameter
