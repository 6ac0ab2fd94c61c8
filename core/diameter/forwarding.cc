// The transactions of a shard: out to a peer, wherever its connection is, and back; elsewhere when that fails.
#include <algorithm>

#include "core/diameter/names.h"
#include "core/diameter/node_shard.h"
#include "core/diameter/redirect.h"

namespace claviger::diameter {
namespace {

std::uint32_t result_of(Code code) {
  return code == Code::RealmUnknown ? result_code::kRealmNotServed : result_code::kUnableToDeliver;
}

void write_flags(const Slice& message, std::uint8_t flags) {
  const_cast<std::byte*>(message.data())[4] = static_cast<std::byte>(flags);
}

}  // namespace

void NodeShard::name_destination(Transaction& transaction, const Destination& to) {
  auto [names, bytes] = packer_.room(to.host.size() + to.realm.size());
  std::ranges::copy(as_bytes(to.host), bytes.begin());
  std::ranges::copy(as_bytes(to.realm), bytes.begin() + static_cast<std::ptrdiff_t>(to.host.size()));
  transaction.names = std::move(names);
  transaction.host_size = to.host.size();
}

void NodeShard::forward(std::uint64_t connection, const Message& request, const AnswerCache::Name& name,
                        const Source& source, Edits& edits, const Forwarding& how) {
  Transaction* const transaction = transactions_.take();
  if (transaction == nullptr) return refuse(connection, request, result_code::kUnableToDeliver, "busy");
  if (how.records_route) edits.append(avp::kRouteRecord, as_bytes(source.identity));
  const Link* const down = link(connection);
  Header header = request.header();
  transaction->original = packer_.keep(request.bytes());
  transaction->downstream = connection;
  transaction->from = down == nullptr ? nullptr : const_cast<Link*>(down)->peer();
  transaction->down_hop_by_hop = header.hop_by_hop;
  transaction->down_end_to_end = header.end_to_end;
  transaction->application = header.application;
  transaction->command = header.command;
  transaction->remembers = how.renews_end_to_end;
  transaction->name = name;
  transaction->returning = how.returning;
  transaction->state = how.state;
  transaction->deadline = how.deadline;
  transaction->attempt = how.attempt;
  transaction->attempts_max = 2;
  name_destination(*transaction, how.to);
  header.flags &= static_cast<std::uint8_t>(~kFlagsReserved);
  if (how.renews_end_to_end) header.end_to_end = next_end_to_end();
  const std::size_t size = edits.size_of(request);
  if (size > kMessageBytesMax) return fail(*transaction, {Code::TooLarge, "diameter.forward"});
  auto [slice, to] = packer_.room(size);
  edits.splice(request, header, to);
  transaction->sent = std::move(slice);
  dispatch(*transaction);
}

Result<runtime::OneShot<Result<Message>>> NodeShard::send(const Outgoing& request) {
  const Header header = parse_header(request.message.bytes());
  CLAVIGER_ASSERT(header.is_request() && header.length == request.message.size());
  Transaction* const transaction = transactions_.take();
  if (transaction == nullptr) return Error{Code::Overload, "diameter.transactions"};
  runtime::OneShotPair<Result<Message>> pair;
  transaction->completer.emplace(std::move(pair.completer));
  transaction->application = header.application;
  transaction->command = header.command;
  transaction->deadline = request.deadline;
  transaction->attempt = request.attempt;
  transaction->attempts_max = request.may_fail_over ? 2 : 1;
  name_destination(*transaction, {request.host, request.realm});
  transaction->sent = packer_.keep(request.message.bytes());  // copy: what is built lies in a slab of its own
  store_u32(const_cast<std::byte*>(transaction->sent.data()) + 16, next_end_to_end());
  dispatch(*transaction);
  return std::move(pair.waiter);
}

void NodeShard::dispatch(Transaction& transaction) {
  const std::string_view names = transaction.names.text();
  const PeerTable::Wanted wanted{names.substr(0, transaction.host_size),
                                 names.substr(transaction.host_size),
                                 transaction.application,
                                 transaction.tried,
                                 transaction.from,
                                 random()};
  const Monotonic now = shard_.now();
  if (transaction.deadline <= now) return fail(transaction, {Code::DeadlinePassed, "diameter.deadline"});
  auto route = table_->route(wanted);
  if (!route) return fail(transaction, route.error());
  PeerEntry& peer = **route;
  const auto is_shed = [&] {
    const std::uint32_t priority = Message(transaction.sent).priority();
    if (overload_.sheds(peer.identity, wanted.realm, priority, random(), now)) return true;
    return table_->find(wanted.host) == nullptr && overload_.sheds(wanted.host, {}, priority, random(), now);
  };
  const bool is_overloaded = !overload_.empty() && is_shed();
  if (is_overloaded) return fail(transaction, {Code::Overload, "diameter.overload"});
  const int at = peer.shard.load(std::memory_order_acquire);
  transaction.peer = &peer;
  ++transaction.attempts;
  shard_.timers().start(transaction.timer, std::min(transaction.deadline, now + transaction.attempt));
  if (at == static_cast<int>(shard_.index())) {
    Link* const here = link_of(peer);
    if (here == nullptr) return try_another(transaction, {Code::Unreachable, "diameter.peer"});
    return send_here(transaction, *here);
  }
  if (at == PeerEntry::kNowhere) return try_another(transaction, {Code::Unreachable, "diameter.peer"});
  send_elsewhere(transaction, at);
}

void NodeShard::send_here(Transaction& transaction, Link& to) {
  const std::uint32_t priority = Message::kPriorityUsual;
  if (!to.has_room(priority) && !to.has_room(Message(transaction.sent).priority())) {
    return try_another(transaction, {Code::Overload, "diameter.pending"});
  }
  const PendingTable::Waiting waiting{transaction.id(), load_u32(transaction.sent.data() + 16), transaction.command,
                                      static_cast<std::uint32_t>(shard_.index())};
  transaction.hop_by_hop = to.send_request(transaction.sent, waiting);
}

// The other shard's slabs are not ours: bytes travel as a string.
void NodeShard::send_elsewhere(Transaction& transaction, int shard) {
  NodeShard& other = node_.part(static_cast<std::size_t>(shard));
  transaction.hop_by_hop = 0;
  const PendingTable::Waiting waiting{transaction.id(), load_u32(transaction.sent.data() + 16), transaction.command,
                                      static_cast<std::uint32_t>(shard_.index())};
  runtime::Message job([&other, waiting, peer = transaction.peer, text = std::string(transaction.sent.text())] {
    other.send_for_another(*peer, waiting, text);
  });
  if (!other.shard_.mailbox().post(std::move(job))) {
    try_another(transaction, {Code::Overload, "diameter.mailbox"});
  }
}

void NodeShard::send_for_another(PeerEntry& peer, const PendingTable::Waiting& waiting, const std::string& bytes) {
  Link* const to = link_of(peer);
  if (to == nullptr || !to->has_room(Message::kPriorityUsual)) return lost(waiting);
  const std::uint32_t hop_by_hop = to->send_request(packer_.keep(as_bytes(bytes)), waiting);
  NodeShard& origin = node_.part(waiting.origin);
  origin.shard_.mailbox().post_control([this, &origin, &peer, waiting, hop_by_hop] {
    Transaction* const transaction = origin.transactions_.find(waiting.transaction);
    const bool waits = transaction != nullptr && transaction->peer == &peer && transaction->hop_by_hop == 0;
    if (waits) {
      transaction->hop_by_hop = hop_by_hop;
      return;
    }
    // Answered, given up or sent elsewhere meanwhile.
    shard_.mailbox().post_control([this, &peer, hop_by_hop] {
      if (Link* const its = link_of(peer)) its->forget(hop_by_hop);
    });
  });
}

void NodeShard::receive_answer(Link& from, const Message& answer) {
  const auto waiting = from.take_pending(answer.header());
  if (!waiting) return;
  // What is damaged is dropped (RFC 6733 clause 7 answers no answer); whoever waits hears of it as of silence, at once.
  const bool is_damaged = answer.structure() != Message::Structure::Sound || answer.header().version != 1;
  if (is_damaged) {
    from.peer()->counters.dropped.add();
    return lost(*waiting);
  }
  const PeerEntry* const peer = from.peer();
  if (waiting->origin == shard_.index()) return complete(waiting->transaction, answer, *peer);
  NodeShard& origin = node_.part(waiting->origin);
  const std::uint64_t transaction = waiting->transaction;
  // Never refused: a full mailbox here would lose an answer that somebody waits for.
  origin.shard_.mailbox().post_control([&origin, transaction, peer, text = SecretBytes(answer.bytes())] {
    const Slice kept = origin.packer_.keep(text.reveal());
    origin.complete(transaction, Message(kept), *peer);
    wipe_answer(kept);
  });
}

void NodeShard::take_report(const Transaction& transaction, const Message& answer, const PeerEntry& peer) {
  auto report = read_report(answer);
  if (!report) return;
  const std::string_view names = transaction.names.text();
  const std::string_view host = names.substr(0, transaction.host_size);
  if (!may_report(*report, peer, *table_, host, names.substr(transaction.host_size))) return;
  report->reporter = peer.index;
  if (!overload_.take(*report, shard_.now())) return;
  for (std::size_t i = 0; i < node_.shard_count(); ++i) {
    NodeShard& other = node_.part(i);
    if (&other == this) continue;
    other.shard_.mailbox().post_control(
        [&other, its = *report] { static_cast<void>(other.overload_.take(its, other.shard_.now())); });
  }
}

void NodeShard::forget_reports(const PeerEntry& peer) {
  for (std::size_t i = 0; i < node_.shard_count(); ++i) {
    NodeShard& each = node_.part(i);
    if (&each == this) {
      overload_.forget(peer.index);
    } else {
      each.shard_.mailbox().post_control([&each, reporter = peer.index] { each.overload_.forget(reporter); });
    }
  }
}

void NodeShard::complete(std::uint64_t id, const Message& answer, const PeerEntry& peer) {
  Transaction* const transaction = transactions_.find(id);
  if (transaction == nullptr) return;
  if (answer.find(avp::kOcOlr)) take_report(*transaction, answer, peer);
  if (is_redirect(answer)) return follow(*transaction, answer);
  if (transaction->downstream != 0) return complete_forwarded(*transaction, answer);
  if (check_answer(answer, node_.dictionary())) {
    transaction->peer->counters.dropped.add();
    return fail(*transaction, {Code::ProtocolError, "diameter.answer"});
  }
  runtime::Completer<Result<Message>> completer = *std::move(transaction->completer);
  transactions_.release(*transaction);
  completer.complete(Message(packer_.keep(answer.bytes())));  // copy: the received slab is not pinned by who waits
}

// RFC 6733 clause 6.1.8, for this request alone (Redirect-Host-Usage DONT_CACHE): to a host that we know and are connected
// with; nobody opens a connection of ours by an answer. Without T: an answer came.
void NodeShard::follow(Transaction& transaction, const Message& redirect) {
  transaction.timer.stop();
  transaction.hop_by_hop = 0;
  constexpr Error kNobody{Code::Unreachable, "diameter.redirect"};
  if (transaction.attempts >= transaction.attempts_max) return fail(transaction, kNobody);
  for (std::size_t n = 0; n < kRedirectHostsMax; ++n) {
    const auto named = redirect.find_nth(avp::kRedirectHost, n);
    if (!named) break;
    const auto host = host_of_uri(named->text());
    const PeerEntry* const peer = host ? table_->find(*host) : nullptr;
    if (peer == nullptr || peer == transaction.peer || peer == transaction.from) continue;
    if (!peer->is_usable(transaction.application)) continue;
    transaction.tried = transaction.peer;
    // copy: the first one may still lie where it was written, with its own hop-by-hop identifier.
    transaction.sent = packer_.keep(transaction.sent.bytes());
    name_destination(transaction, {peer->identity, {}});
    return dispatch(transaction);
  }
  fail(transaction, kNobody);
}

void NodeShard::complete_forwarded(Transaction& transaction, const Message& answer) {
  Edits edits;
  std::optional<Slice> instead;
  if (transaction.returning != nullptr) {
    instead = transaction.returning->on_answer(transaction.state, transaction.original, answer, edits);
  }
  Slice down;
  if (instead) {
    down = packer_.keep(instead->bytes());
    wipe_answer(*instead);
  } else {
    Header header = answer.header();
    header.flags &= kFlagProxiable | kFlagError;
    header.hop_by_hop = transaction.down_hop_by_hop;
    header.end_to_end = transaction.down_end_to_end;
    const std::size_t size = edits.size_of(answer);
    if (size > kMessageBytesMax) return fail(transaction, {Code::TooLarge, "diameter.answer"});
    auto [slice, to] = packer_.room(size);
    edits.splice(answer, header, to);
    down = std::move(slice);
  }
  if (transaction.remembers) answers_.remember(transaction.name, down.bytes(), shard_.now());
  const std::uint64_t connection = transaction.downstream;
  transactions_.release(transaction);
  send_down(connection, std::move(down));
}

void NodeShard::withdraw(Transaction& transaction) {
  PeerEntry* const peer = transaction.peer;
  if (peer == nullptr || transaction.hop_by_hop == 0) return;
  const std::uint32_t hop_by_hop = std::exchange(transaction.hop_by_hop, 0);
  const int at = peer->shard.load(std::memory_order_acquire);
  if (at == PeerEntry::kNowhere) return;
  NodeShard& other = node_.part(static_cast<std::size_t>(at));
  if (&other == this) {
    if (Link* const here = link_of(*peer)) here->forget(hop_by_hop);
    return;
  }
  other.shard_.mailbox().post_control([&other, peer, hop_by_hop] {
    if (Link* const its = other.link_of(*peer)) its->forget(hop_by_hop);
  });
}

void NodeShard::timed_out(Transaction& transaction) {
  withdraw(transaction);
  try_another(transaction, {Code::DeadlinePassed, "diameter.peer"});
}

// Once: to another peer, with the T bit and the same end-to-end identifier (RFC 6733 clauses 3 and 5.5.4).
void NodeShard::try_another(Transaction& transaction, Error reason) {
  transaction.timer.stop();
  transaction.hop_by_hop = 0;
  if (transaction.attempts >= transaction.attempts_max) return fail(transaction, reason);
  if (transaction.peer != nullptr) {
    transaction.peer->counters.failovers.fetch_add(1, std::memory_order_relaxed);
    transaction.tried = transaction.peer;
  }
  // copy: the first one may still wait to be written, with its own hop-by-hop identifier.
  transaction.sent = packer_.keep(transaction.sent.bytes());
  write_flags(transaction.sent, parse_header(transaction.sent.bytes()).flags | kFlagRetransmitted);
  dispatch(transaction);
}

void NodeShard::lost(const PendingTable::Waiting& waiting) {
  if (waiting.origin == shard_.index()) return lost_here(waiting.transaction);
  NodeShard& origin = node_.part(waiting.origin);
  origin.shard_.mailbox().post_control([&origin, id = waiting.transaction] { origin.lost_here(id); });
}

void NodeShard::lost_here(std::uint64_t transaction) {
  const bool is_first = lost_.empty();
  lost_.push_back(transaction);
  if (is_first) shard_.mailbox().post_control([this] { move_lost(); });
}

// True when the peer that was chosen has a good part of its bound to send first.
bool NodeShard::is_filling(const Transaction& transaction) {
  const Link* const to = transaction.peer == nullptr ? nullptr : link_of(*transaction.peer);
  return to != nullptr && to->unsent() > options().unsent_max / 4;
}

// Each has its time-out running, so that waiting here never outlasts what was promised.
void NodeShard::move_lost() {
  bool is_full = false;
  for (std::size_t done = 0; done < kFailOversPerTurn && lost_next_ < lost_.size() && !is_full; ++done) {
    const std::uint64_t id = lost_[lost_next_++];
    Transaction* const transaction = transactions_.find(id);
    if (transaction == nullptr) continue;
    try_another(*transaction, {Code::Unreachable, "diameter.peer"});
    if (const Transaction* const moved = transactions_.find(id)) is_full = is_filling(*moved);
  }
  if (lost_next_ == lost_.size()) {
    lost_.clear();
    lost_next_ = 0;
  } else if (is_full) {
    shard_.timers().start(lost_timer_, shard_.now() + runtime::TimerWheel::kTick);
  } else {
    shard_.mailbox().post_control([this] { move_lost(); });
  }
}

void NodeShard::fail(Transaction& transaction, Error reason) {
  if (transaction.downstream == 0) {
    runtime::Completer<Result<Message>> completer = *std::move(transaction.completer);
    transactions_.release(transaction);
    // From the loop: whoever asks may still be on its way into the wait.
    return shard_.defer([completer = std::move(completer), reason]() mutable { completer.complete(reason); });
  }
  const Message original(transaction.original);
  const bool names_us = is_same_name(original.destination_host(), node_.lower_identity());
  const bool is_busy = reason.code == Code::Overload && names_us;
  MessageBuilder builder = MessageBuilder::answer(shard_.slabs(), original);
  builder.result(is_busy ? result_code::kTooBusy : result_of(reason.code));
  builder.origin(options().identity, options().realm);
  // Whoever answers for another says so (RFC 6733 clause 7.4).
  builder.text(avp::kErrorReportingHost, options().identity);
  if (transaction.returning != nullptr) {
    transaction.returning->on_failure(transaction.state, transaction.original, reason, builder);
  }
  const std::uint64_t connection = transaction.downstream;
  if (PeerEntry* const peer = const_cast<PeerEntry*>(transaction.from)) {
    peer->counters.refused.fetch_add(1, std::memory_order_relaxed);
  }
  transactions_.release(transaction);
  const auto built = builder.finish();
  if (built) send_down(connection, packer_.keep(built->bytes()));
}

}  // namespace claviger::diameter
