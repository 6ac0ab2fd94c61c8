#include "core/diameter/node_shard.h"

#include <algorithm>
#include <charconv>

#include "core/crypto/fresh_value.h"
#include "core/diameter/names.h"
#include "core/net/resolve.h"

namespace claviger::diameter {
namespace {

// One connection a peer, and those on their way out.
constexpr std::size_t kLinksMax = 2 * kPeersMax;
constexpr unsigned kSlotBits = 16;
constexpr Seconds kResolveMax{5};
// Until the connection of a peer that was changed has ended: some round trips, and it is looked at again.
constexpr Milliseconds kFormerWait{100};

}  // namespace

// Keeps a connection to a peer that we call: tries again every Tw (RFC 3539 clause 3.4.1, RFC 6733 clause 2.1).
struct NodeShard::Caller {
  Caller(NodeShard& its_shard, std::shared_ptr<PeerEntry> its_peer)
      : shard(its_shard),
        peer(std::move(its_peer)),
        timer([](void* self) { static_cast<Caller*>(self)->tick(); }, this) {
    tick();
  }
  void tick() {
    if (peer->is_removed || shard.is_ending_) return;
    if (has_former_connection()) return shard.shard_.timers().start(timer, shard.shard_.now() + kFormerWait);
    shard.shard_.timers().start(timer, shard.shard_.now() + watchdog_wait(shard.options().watchdog, shard.random()));
    {
      const std::lock_guard lock(peer->mutex);
      if (peer->rests || peer->connection != 0 || peer->connecting != 0) return;
    }
    shard.calls_.spawn(shard.connect(peer));
  }
  // A peer has one: it would refuse another.
  bool has_former_connection() const {
    if (peer->former == nullptr) return false;
    const std::lock_guard lock(peer->former->mutex);
    return peer->former->connection != 0;
  }
  NodeShard& shard;
  std::shared_ptr<PeerEntry> peer;
  runtime::Timer timer;
};

NodeShard::NodeShard(Node& node, runtime::Shard& shard)
    : node_(node),
      shard_(shard),
      random_state_(crypto::fresh_value<std::uint64_t>() | 1U),
      table_(std::make_shared<const PeerTable>()),
      packer_(shard.slabs()),
      answers_(crypto::fresh_value<SipKey>(), crypto::fresh_value<SipKey>()),
      transactions_(*this) {
  // RFC 6733 clause 3: the low 12 bits of the time, then at random; each shard takes every n-th number from there.
  end_to_end_ = node.origin_state() << 20U | (static_cast<std::uint32_t>(random()) & 0xfffffU);
  const auto shards = static_cast<std::uint32_t>(node.shards().size());
  end_to_end_ = end_to_end_ - end_to_end_ % shards + static_cast<std::uint32_t>(shard.index());
}

NodeShard::~NodeShard() = default;

// xorshift64*: for jitter, weights and identifiers that nobody must guess to stay safe.
std::uint64_t NodeShard::random() {
  random_state_ ^= random_state_ >> 12U;
  random_state_ ^= random_state_ << 25U;
  random_state_ ^= random_state_ >> 27U;
  return (random_state_ * 0x2545f4914f6cdd1dULL) >> 16U;
}

std::uint32_t NodeShard::next_end_to_end() { return end_to_end_ += static_cast<std::uint32_t>(node_.shards().size()); }

std::string NodeShard::new_session_id() {
  // RFC 6733 clause 8.8: identity, high and low 32 bits; the shard keeps them apart.
  std::string id = options().identity;
  id += ';' + std::to_string(node_.origin_state()) + ';' + std::to_string(sessions_++) + ';' +
        std::to_string(shard_.index());
  return id;
}

void NodeShard::use_table(std::shared_ptr<const PeerTable> table) {
  table_ = std::move(table);
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    Link* const each = slots_[i].link.get();
    if (each == nullptr || each->peer() == nullptr || !each->peer()->is_removed) continue;
    // Who was changed comes again (RFC 6733 clause 5.4.3).
    each->disconnect(table_->find(each->peer()->identity) == nullptr ? kDoNotWantToTalk : kRebooting);
  }
  std::erase_if(callers_, [](const std::unique_ptr<Caller>& caller) { return caller->peer->is_removed.load(); });
}

Link& NodeShard::make_link(PeerEntry* dialled, std::string address) {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t at = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[at];
  const std::uint64_t id = static_cast<std::uint64_t>(++slot.uses) << kSlotBits | at;
  slot.link = std::make_unique<Link>(*this, id, dialled, std::move(address));
  ++link_count_;
  return *slot.link;
}

Link* NodeShard::link(std::uint64_t id) {
  const std::size_t at = id & ((1U << kSlotBits) - 1);
  if (at >= slots_.size() || slots_[at].link == nullptr || slots_[at].link->id() != id) return nullptr;
  return slots_[at].link.get();
}

Link* NodeShard::link_of(const PeerEntry& peer) {
  return peer.index < by_peer_.size() ? by_peer_[peer.index] : nullptr;
}

void NodeShard::adopt(net::Descriptor socket, const net::Address& from, bool is_tls) {
  if (is_ending_ || link_count_ >= kLinksMax) return;
  make_room_for(from.source());
  Link& made = make_link(nullptr, from.text());
  strangers_.push_back({made.id(), from.source()});
  auto accepted = made.accept(std::move(socket), is_tls ? node_.server_tls() : nullptr);
  if (accepted) return;
  stranger_gone(made);
  closed(made);
}

void NodeShard::make_room_for(std::uint64_t source) {
  const auto is_its = [source](const Stranger& each) { return each.source == source; };
  const bool has_share = std::ranges::count_if(strangers_, is_its) >= std::ptrdiff_t{kStrangersOfSourceMax};
  if (!has_share && strangers_.size() < kStrangersMax) return;
  const auto longest = has_share ? std::ranges::find_if(strangers_, is_its) : strangers_.begin();
  Link* const displaced = link(longest->link);
  strangers_.erase(longest);
  if (displaced != nullptr) displaced->close({Code::Overload, "diameter.strangers"});
}

void NodeShard::stranger_gone(const Link& link) {
  std::erase_if(strangers_, [&](const Stranger& each) { return each.link == link.id(); });
}

void NodeShard::call(std::shared_ptr<PeerEntry> peer) {
  callers_.push_back(std::make_unique<Caller>(*this, std::move(peer)));
}

runtime::Task<void> NodeShard::connect(std::shared_ptr<PeerEntry> peer) {
  auto addresses = co_await net::resolve(peer->options.host, peer->options.port, shard_.now() + kResolveMax);
  if (!addresses || addresses->empty()) {
    shard_.logger().info("diameter.unresolved", {{"peer", peer->identity}});
    co_return;
  }
  // Each try another of its addresses.
  const net::Address address = (*addresses)[random() % addresses->size()];
  std::shared_ptr<const net::TlsContext> tls = peer->options.is_tls ? node_.client_tls() : nullptr;
  if (peer->options.is_tls && tls == nullptr) co_return;
  Link& made = make_link(peer.get(), address.text());
  bool is_first = false;
  {
    const std::lock_guard lock(peer->mutex);
    is_first = peer->connection == 0 && peer->connecting == 0;
    if (is_first) peer->connecting = made.id();
  }
  const bool is_started = is_first && made.connect(address, std::move(tls)).has_value();
  if (is_started) co_return;
  if (is_first) {
    const std::lock_guard lock(peer->mutex);
    peer->connecting = 0;
  }
  closed(made);
}

void NodeShard::opened(Link& link) {
  PeerEntry& peer = *link.peer();
  if (by_peer_.size() <= peer.index) by_peer_.resize(peer.index + 1);
  by_peer_[peer.index] = &link;
}

void NodeShard::closed(Link& link) {
  if (PeerEntry* const peer = link.peer()) {
    if (link_of(*peer) == &link) by_peer_[peer->index] = nullptr;
  }
  const auto at = static_cast<std::uint32_t>(link.id() & ((1U << kSlotBits) - 1));
  free_slots_.push_back(at);
  --link_count_;
  slots_[at].link.reset();
}

void NodeShard::close_elsewhere(int shard, std::uint64_t id, Error reason) {
  NodeShard& other = node_.part(static_cast<std::size_t>(shard));
  if (&other == this) {
    if (Link* const found = link(id)) found->close(reason);
    return;
  }
  other.shard_.mailbox().post_control([&other, id, reason] {
    if (Link* const found = other.link(id)) found->close(reason);
  });
}

void NodeShard::disconnect_all(std::uint32_t cause) {
  is_ending_ = true;
  callers_.clear();
  for (Slot& slot : slots_) {
    if (slot.link != nullptr) slot.link->disconnect(cause);
  }
}

void NodeShard::end() {
  is_ending_ = true;
  lost_timer_.stop();
  lost_.clear();
  lost_next_ = 0;
  callers_.clear();
  calls_.cancel();
  procedures_.cancel();
  for (Slot& slot : slots_) slot.link.reset();
  link_count_ = 0;
}

void NodeShard::receive_request(Link& from, Slice message) {
  Request request(*this, from.id(), from.source(), std::move(message));
  const Message& received = request.message();
  PeerEntry& peer = *from.peer();
  const auto refuse = [&](std::uint32_t code) {
    peer.counters.refused.fetch_add(1, std::memory_order_relaxed);
    request.refuse(code);
  };
  if (const auto fault = check_routing(received)) {
    // A bad header is told first whatever else is wrong; commands that are not for agents have their own rule.
    const Served* const handler = node_.served(received.header().application, received.header().command);
    const bool is_ours = handler != nullptr && handler->check == Check::Full;
    const auto better = is_ours ? check_request(received, node_.dictionary()) : std::nullopt;
    if (better || !is_ours || fault->result_code != result_code::kInvalidHeaderBits) {
      peer.counters.refused.fetch_add(1, std::memory_order_relaxed);
      return request.refuse(better ? *better : *fault);
    }
  }
  const std::string_view realm = received.destination_realm();
  const std::string_view host = received.destination_host();
  const bool names_us = is_same_name(host, node_.lower_identity());
  if (!from.is_within_rate()) return refuse(names_us ? result_code::kTooBusy : result_code::kUnableToDeliver);
  for (std::size_t n = 0;; ++n) {
    const auto record = received.find_nth(avp::kRouteRecord, n);
    if (!record) break;
    if (is_same_name(record->text(), node_.lower_identity())) return refuse(result_code::kLoopDetected);
  }
  if (realm.empty() && !host.empty() && !names_us) return refuse(result_code::kUnableToDeliver);
  if (!realm.empty() && !is_same_name(realm, node_.lower_realm()) && !table_->knows_realm(realm)) {
    return refuse(result_code::kRealmNotServed);
  }
  const Served* const handler = node_.served(received.header().application, received.header().command);
  if (handler == nullptr) {
    const bool knows = node_.serves_application(received.header().application);
    return refuse(knows ? result_code::kCommandUnsupported : result_code::kApplicationUnsupported);
  }
  if (handler->check == Check::Full) {
    if (const auto fault = check_request(received, node_.dictionary())) {
      peer.counters.refused.fetch_add(1, std::memory_order_relaxed);
      return request.refuse(*fault);
    }
  }
  request.name_ = answers_.name_of(received, peer.index);
  request.name_.generation = handler->handler->generation();
  if (const auto known = answers_.find(received, request.name_, shard_.now())) {
    Slice again = packer_.keep(*known);
    MutableBytes bytes(const_cast<std::byte*>(again.data()), again.size());
    store_u32(bytes.data() + 12, received.header().hop_by_hop);
    request.shard_ = nullptr;
    return send_down(request.connection_, std::move(again));
  }
  handler->handler->handle(request);
}

MessageBuilder NodeShard::answer_builder(const Message& request) {
  MessageBuilder builder = MessageBuilder::answer(shard_.slabs(), request);
  builder.origin(options().identity, options().realm);
  if (request.find(avp::kOcSupportedFeatures)) {
    const std::size_t busy = std::max(procedures_.size() * OwnOverload::kWhole / kProceduresMax,
                                      transactions_.size() * OwnOverload::kWhole / kTransactionsMax);
    own_overload_.observe(busy, shard_.now(), shard_.wall());
    own_overload_.write(builder, shard_.now());
  }
  return builder;
}

void NodeShard::answer(std::uint64_t connection, const AnswerCache::Name& name, Slice message) {
  answers_.remember(name, message.bytes(), shard_.now());
  // copy: an answer is built in a slab of its own.
  send_down(connection, packer_.keep(message.bytes()));
  wipe_answer(message);
}

void NodeShard::refuse(std::uint64_t connection, const Message& request, std::uint32_t code,
                       std::string_view error_message) {
  MessageBuilder builder = MessageBuilder::answer(shard_.slabs(), request);
  builder.result(code).origin(options().identity, options().realm);
  if (!error_message.empty()) builder.text(avp::kErrorMessage, error_message);
  const auto built = builder.finish();
  if (!built) return;  // Session-Id and Proxy-Infos alone are more than a message: nobody can want that answer
  send_down(connection, packer_.keep(built->bytes()));
}

void NodeShard::send_down(std::uint64_t connection, Slice message) {
  if (Link* const down = link(connection)) return down->send_answer(std::move(message));
  wipe_answer(message);
}

}  // namespace claviger::diameter
