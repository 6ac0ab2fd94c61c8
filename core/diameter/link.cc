#include "core/diameter/link.h"

#include <algorithm>

#include "core/crypto/certificate.h"
#include "core/diameter/names.h"
#include "core/diameter/node_shard.h"

namespace claviger::diameter {
namespace {

// Without a byte taken by the peer: its watchdog would have ended the connection as well.
constexpr net::StreamLimits kLimits{.handshake = Milliseconds(10'000),
                                    .first_byte = Milliseconds(10'000),
                                    .write_stall = Milliseconds(30'000),
                                    .write_rate_min = 1024};
// Of one that was opened to us.
constexpr net::StreamLimits kStrangerLimits{.handshake = kStrangerMax,
                                            .first_byte = kStrangerMax,
                                            .write_stall = kLimits.write_stall,
                                            .write_rate_min = kLimits.write_rate_min};

std::string_view where_of(PeerState state) {
  switch (state) {
    case PeerState::Down:
      return "down";
    case PeerState::Initial:
      return "initial";
    case PeerState::Okay:
      return "okay";
    case PeerState::Suspect:
      return "suspect";
    case PeerState::Reopen:
      return "reopen";
  }
  return "";
}

}  // namespace

Link::Link(NodeShard& shard, std::uint64_t id, PeerEntry* dialled, std::string address)
    : shard_(shard),
      id_(id),
      dialled_(dialled),
      address_(std::move(address)),
      state_(dialled != nullptr ? State::Connecting : State::AwaitsRequest),
      reader_(shard.shard().slabs()),
      pending_(static_cast<std::uint32_t>(shard.random())),
      stream_(shard.shard(), shard.buffers(), *this, dialled != nullptr ? kLimits : kStrangerLimits) {}

Link::~Link() = default;

Result<Unit> Link::accept(net::Descriptor socket, std::shared_ptr<const net::TlsContext> tls) {
  return stream_.accept(std::move(socket), std::move(tls));
}

Result<Unit> Link::connect(const net::Address& address, std::shared_ptr<const net::TlsContext> tls) {
  return stream_.connect(address, std::move(tls), dialled_->options.identity);
}

void Link::on_established() {
  due_ = shard_.shard().now() + (dialled_ == nullptr ? kStrangerMax : kCapabilitiesMax);
  if (dialled_ == nullptr) return;
  state_ = State::AwaitsAnswer;
  MessageBuilder builder =
      MessageBuilder::request(shard_.shard().slabs(), kBaseApplication, command::kCapabilitiesExchange, 0);
  builder.header().end_to_end = shard_.next_end_to_end();
  builder.header().hop_by_hop = static_cast<std::uint32_t>(shard_.random());
  add_capabilities(builder, shard_.options(), shard_.node().origin_state());
  push_packed(builder.finish());
}

std::size_t Link::read_max() const {
  // As much as it was asked for, beside what it may ask: one question left open is no licence to flood.
  const std::size_t requests = shard_.read_share().of_requests(shard_.shard().now());
  return std::min(ReadShare::kAnswers, pending_.size() * ReadShare::kAnswerBytes + requests);
}

bool Link::wants_input() const {
  // A peer that does not read what it is answered is not read from either.
  return outbox_.bytes() + stream_.unsent() < shard_.options().unsent_max;
}

void Link::on_received(Slice bytes) {
  reader_.feed(std::move(bytes));
  for (;;) {
    auto next = reader_.next();
    if (!next) return stream_.close(next.error());  // where the next message starts is unknown
    if (!*next) return;
    receive(**std::move(next));
    if (stream_.is_closed() || state_ == State::Ending) return;
  }
}

void Link::receive(Slice message) {
  const Header header = parse_header(message.bytes());
  if (state_ == State::AwaitsRequest || state_ == State::AwaitsAnswer) {
    const Message first(std::move(message));
    const bool is_exchange = header.application == kBaseApplication && header.command == command::kCapabilitiesExchange;
    // RFC 6733 clause 5.6: anything else before the exchange ends the connection.
    if (!is_exchange || header.is_request() != (state_ == State::AwaitsRequest)) {
      return stream_.close({Code::ProtocolError, "diameter.capabilities"});
    }
    return header.is_request() ? receive_capabilities_request(first) : receive_capabilities_answer(first);
  }
  if (header.application == kBaseApplication && header.version == 1) return receive_base(Message(std::move(message)));
  const Watchdog::Actions actions = watchdog_.on(Watchdog::Event::Other);
  apply(actions);
  // RFC 3539 clause 3.4.1 throws away all that a returned connection brings before its third answer, for it speaks to
  // whoever chooses among peers. A request that came this way will come no other, and a peer that was restarted would
  // hear nothing for a minute and a half: it is answered. Ours go elsewhere until the third answer.
  if (actions.discards && !header.is_request()) return peer_->counters.dropped.add();
  if (header.is_request()) {
    peer_->counters.requests_in.add();
    shard_.receive_request(*this, std::move(message));
  } else {
    peer_->counters.answers_in.add();
    shard_.receive_answer(*this, Message(message));
    wipe_answer(message);
  }
}

void Link::receive_base(const Message& message) {
  const Header& header = message.header();
  const bool is_watchdog_answer = header.command == command::kDeviceWatchdog && !header.is_request();
  apply(watchdog_.on(is_watchdog_answer ? Watchdog::Event::Answer : Watchdog::Event::Other));
  if (!header.is_request()) {
    if (header.command == command::kDisconnectPeer && was_told_to_leave_) {
      state_ = State::Ending;  // whoever asked closes (RFC 6733 clause 5.4)
      stream_.update();
    }
    return;
  }
  MessageBuilder builder = MessageBuilder::answer(shard_.shard().slabs(), message);
  const auto fault = check_request(message, shard_.node().dictionary());
  if (fault) {
    peer_->counters.refused.fetch_add(1, std::memory_order_relaxed);
    builder.fault(*fault).origin(shard_.options().identity, shard_.options().realm);
    return push_packed(builder.finish());
  }
  if (header.command == command::kCapabilitiesExchange) return repeat_capabilities(message, builder);
  builder.result(result_code::kSuccess).origin(shard_.options().identity, shard_.options().realm);
  if (header.command == command::kDeviceWatchdog) {
    builder.u32(avp::kOriginStateId, shard_.node().origin_state());
    return push_packed(builder.finish());
  }
  // DPR: no new requests; what was asked is still answered until the peer closes.
  const bool wants_rest = message.u32(avp::kDisconnectCause).value_or(kRebooting) != kRebooting;
  {
    const std::lock_guard lock(peer_->mutex);
    if (wants_rest) peer_->rests = true;
  }
  peer_->is_leaving = true;
  has_answered_leaving_ = true;
  due_ = std::min(due_, shard_.shard().now() + kCapabilitiesMax);
  push_packed(builder.finish());
}

// On a connection that is open (RFC 6733 clause 5.6, R-Open): told what it was told before, and nothing of it is changed. Who
// says that he is somebody else was not let in as that.
void Link::repeat_capabilities(const Message& message, MessageBuilder& answer) {
  if (!is_same_name(message.origin_host(), peer_->identity)) {
    peer_->counters.refused.fetch_add(1, std::memory_order_relaxed);
    answer.result(result_code::kUnknownPeer).origin(shard_.options().identity, shard_.options().realm);
    return push_packed(answer.finish());
  }
  answer.result(result_code::kSuccess);
  add_capabilities(answer, shard_.options(), shard_.node().origin_state());
  push_packed(answer.finish());
}

Link::Verdict Link::judge(const Capabilities& theirs) {
  PeerEntry* const entry = shard_.table().find(theirs.identity);
  if (entry == nullptr || (dialled_ != nullptr && entry != dialled_)) return {result_code::kUnknownPeer, nullptr};
  if (!entry->realm.empty() && entry->realm != theirs.realm) return {result_code::kUnknownPeer, nullptr};
  if (comes_from_elsewhere(*entry)) return {result_code::kUnknownPeer, nullptr};
  if (stream_.tls() != nullptr && !is_certified(theirs.identity)) return {result_code::kUnknownPeer, nullptr};
  const bool is_without_tls = entry->options.is_tls && stream_.tls() == nullptr;
  if (is_without_tls || theirs.wants_inband_tls) return {result_code::kNoCommonSecurity, nullptr};
  if (common_applications(shard_.options(), theirs).empty()) return {result_code::kNoCommonApplication, nullptr};
  return {result_code::kSuccess, entry};
}

// RFC 6733 clause 13.1: the identity is one of the certificate's own names; no wildcard, no common name.
bool Link::is_certified(std::string_view identity) const {
  const auto presented = stream_.tls()->peer_certificate();
  if (!presented || !presented->is_trusted) return false;
  const auto certificate = crypto::Certificate::from_der(as_bytes(presented->der));
  if (!certificate) return false;
  return std::ranges::any_of(certificate->dns_names(),
                             [&](const std::string& name) { return lower(name) == identity; });
}

// Before anything of the peer's is touched: whoever only says its name must not end the connection that it has.
bool Link::comes_from_elsewhere(PeerEntry& entry) const {
  if (dialled_ != nullptr || !entry.options.admits) return false;
  const auto from = net::Address::parse(address_);
  if (from && entry.options.admits(from->host())) return false;
  entry.counters.refused.fetch_add(1, std::memory_order_relaxed);
  shard_.shard().logger().warning("diameter.peer_elsewhere", {{"peer", entry.identity}, {"address", address_}});
  return true;
}

Link::Entry Link::enter(PeerEntry& entry, const Capabilities& theirs) {
  const std::lock_guard lock(entry.mutex);
  // A peer that has been restarted is a new one: what made the old one fail is over, and its connection is of nobody
  // (RFC 6733 clause 8.16).
  const bool is_new = theirs.origin_state != 0 && theirs.origin_state != entry.origin_state;
  if (entry.connection != 0) {
    // One connection a peer (RFC 6733 clause 2.1). One that seems dead gives way to the peer's new attempt.
    if (entry.state == PeerState::Okay && !entry.is_leaving && !is_new) return Entry::Rejected;
    shard_.close_elsewhere(entry.shard, entry.connection, {Code::PeerClosed, "diameter.replaced"});
  } else if (dialled_ == nullptr && entry.connecting != 0) {
    // Both sides at once (RFC 6733 clause 5.6.4): the higher name, octet by octet, keeps the connection it was offered.
    if (lower(shard_.options().identity) < entry.identity) return Entry::ElectionLost;
    const auto home = static_cast<int>(entry.index % shard_.node().shard_count());
    shard_.close_elsewhere(home, entry.connecting, {Code::ElectionLost, "diameter.election"});
  }
  if (dialled_ != nullptr) entry.connecting = 0;
  watchdog_ = Watchdog(entry.has_failed && !is_new ? PeerState::Down : PeerState::Initial);
  entry.has_failed = false;
  entry.origin_state = theirs.origin_state;
  entry.address = address_;
  entry.connection = id_;
  entry.is_leaving = false;
  const auto common = common_applications(shard_.options(), theirs);
  const std::size_t count = std::min(common.size(), PeerEntry::kApplicationsMax);
  entry.application_count.store(0, std::memory_order_release);
  for (std::size_t i = 0; i < count; ++i) entry.applications[i].store(common[i], std::memory_order_relaxed);
  entry.application_count.store(static_cast<std::uint32_t>(count), std::memory_order_release);
  entry.shard = static_cast<int>(shard_.shard().index());
  return Entry::Taken;
}

void Link::open(PeerEntry& entry, const Capabilities& theirs) {
  peer_ = &entry;
  state_ = State::Open;
  if (dialled_ == nullptr) shard_.stranger_gone(*this);
  auto source = std::make_shared<Source>();
  source->identity = theirs.identity;
  source->realm = theirs.realm;
  source->is_tls = stream_.tls() != nullptr;
  if (source->is_tls) {
    if (const auto presented = stream_.tls()->peer_certificate()) {
      source->certificate_digest.assign(as_text(presented->digest));
    }
  }
  source_ = std::move(source);
  tokens_ = entry.options.requests_per_second;
  tokens_at_ = shard_.shard().now();
  entry.counters.connects.add();
  shard_.opened(*this);
  shard_.forget_reports(entry);
  watch(Watchdog::Event::Up);
  shard_.shard().logger().info("diameter.peer_connected", {{"peer", entry.identity}, {"address", address_}});
}

void Link::receive_capabilities_request(const Message& request) {
  if (const auto fault = check_request(request, shard_.node().dictionary())) {
    return refuse_capabilities(request, fault->result_code, &*fault);
  }
  const Capabilities theirs = read_capabilities(request);
  const Verdict verdict = judge(theirs);
  if (verdict.entry == nullptr) return refuse_capabilities(request, verdict.result, nullptr);
  switch (enter(*verdict.entry, theirs)) {
    case Entry::ElectionLost:
      return refuse_capabilities(request, result_code::kElectionLost, nullptr);
    case Entry::Rejected:
      return stream_.close({Code::PeerTaken, "diameter.second_connection"});
    case Entry::Taken:
      break;
  }
  MessageBuilder builder = MessageBuilder::answer(shard_.shard().slabs(), request);
  builder.result(result_code::kSuccess);
  add_capabilities(builder, shard_.options(), shard_.node().origin_state());
  push_packed(builder.finish());
  open(*verdict.entry, theirs);
}

void Link::refuse_capabilities(const Message& request, std::uint32_t code, const Fault* fault) {
  shard_.shard().logger().warning("diameter.peer_refused", {{"address", address_}, {"result", code}});
  MessageBuilder builder = MessageBuilder::answer(shard_.shard().slabs(), request);
  if (fault != nullptr) {
    builder.fault(*fault);
  } else {
    builder.result(code);
  }
  // A stranger is told no more than our name.
  builder.origin(shard_.options().identity, shard_.options().realm);
  push_packed(builder.finish());
  state_ = State::Ending;
}

void Link::receive_capabilities_answer(const Message& answer) {
  const Message::Outcome outcome = answer.outcome();
  const Capabilities theirs = read_capabilities(answer);
  const bool is_taken =
      answer.structure() == Message::Structure::Sound && outcome.vendor == 0 && outcome.code == result_code::kSuccess;
  const Verdict verdict = is_taken ? judge(theirs) : Verdict{outcome.code, nullptr};
  if (verdict.entry == nullptr || enter(*verdict.entry, theirs) != Entry::Taken) {
    shard_.shard().logger().warning("diameter.peer_refuses",
                                    {{"peer", dialled_->identity}, {"address", address_}, {"result", verdict.result}});
    return stream_.close({Code::Refused, "diameter.capabilities"});
  }
  open(*verdict.entry, theirs);
}

bool Link::has_room(std::uint32_t priority) const {
  const NodeOptions& options = shard_.options();
  return state_ == State::Open && !was_told_to_leave_ &&
         pending_.size() < room_for(priority, std::min(options.pending_max, PendingTable::kMax)) &&
         outbox_.bytes() + stream_.unsent() < room_for(priority, options.unsent_max);
}

std::uint32_t Link::send_request(Slice message, const PendingTable::Waiting& waiting) {
  const std::uint32_t hop_by_hop = pending_.add(waiting);
  store_u32(const_cast<std::byte*>(message.data()) + 12, hop_by_hop);
  peer_->counters.requests_out.add();
  peer_->counters.pending.set(pending_.size());
  push(std::move(message));
  return hop_by_hop;
}

void Link::send_answer(Slice message) {
  if (peer_ != nullptr) peer_->counters.answers_out.add();
  push(std::move(message), true);
}

std::optional<PendingTable::Waiting> Link::take_pending(const Header& header) {
  auto waiting = pending_.take(header.hop_by_hop, header.command, header.end_to_end);
  if (waiting) {
    peer_->counters.pending.set(pending_.size());
  } else {
    peer_->counters.dropped.add();
  }
  return waiting;
}

void Link::forget(std::uint32_t hop_by_hop) {
  pending_.forget(hop_by_hop);
  if (peer_ != nullptr) peer_->counters.pending.set(pending_.size());
}

bool Link::is_within_rate() {
  const std::uint32_t rate = peer_->options.requests_per_second;
  if (rate == 0) return true;
  const Monotonic now = shard_.shard().now();
  const std::chrono::duration<double> passed = now - tokens_at_;
  tokens_at_ = now;
  tokens_ = std::min<double>(rate, tokens_ + passed.count() * rate);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void Link::push(Slice message, bool is_answer) {
  outbox_.push(std::move(message), is_answer);
  stream_.update();
}

void Link::push_packed(Result<Slice> message) {
  if (!message) return stream_.close(message.error());
  push(shard_.packer().keep(message->bytes()));
}

void Link::disconnect(std::uint32_t cause) {
  if (state_ != State::Open) return stream_.close({Code::Closed, "diameter.disconnect"});
  MessageBuilder builder =
      MessageBuilder::request(shard_.shard().slabs(), kBaseApplication, command::kDisconnectPeer, 0);
  builder.header().end_to_end = shard_.next_end_to_end();
  builder.header().hop_by_hop = static_cast<std::uint32_t>(shard_.random());
  builder.origin(shard_.options().identity, shard_.options().realm).u32(avp::kDisconnectCause, cause);
  push_packed(builder.finish());
  was_told_to_leave_ = true;
  peer_->is_leaving = true;
  due_ = shard_.shard().now() + kDisconnectMax;
  stream_.update();
}

void Link::watch(Watchdog::Event event) { apply(watchdog_.on(event)); }

void Link::apply(const Watchdog::Actions& actions) {
  if (peer_ == nullptr) return;
  if (peer_->state.load(std::memory_order_relaxed) != watchdog_.state()) {
    shard_.shard().logger().info("diameter.peer_state",
                                 {{"peer", peer_->identity}, {"state", where_of(watchdog_.state())}});
    peer_->state = watchdog_.state();
  }
  if (actions.sends_watchdog) send_watchdog();
  const Monotonic now = shard_.shard().now();
  // Once a turn: a hundred messages that came together are one sign of life.
  if (actions.sets_timer && !was_told_to_leave_ && !has_answered_leaving_ &&
      (now != timer_set_at_ || actions.sends_watchdog)) {
    due_ = now + watchdog_wait(shard_.options().watchdog, shard_.random());
    timer_set_at_ = now;
  }
  if (actions.fails_over) fail_over();
  if (actions.closes) stream_.close({Code::DeadlinePassed, "diameter.watchdog"});
}

void Link::send_watchdog() {
  MessageBuilder builder =
      MessageBuilder::request(shard_.shard().slabs(), kBaseApplication, command::kDeviceWatchdog, 0);
  builder.header().end_to_end = shard_.next_end_to_end();
  builder.header().hop_by_hop = static_cast<std::uint32_t>(shard_.random());
  builder.origin(shard_.options().identity, shard_.options().realm);
  builder.u32(avp::kOriginStateId, shard_.node().origin_state());
  push_packed(builder.finish());
}

void Link::fail_over() {
  while (const auto waiting = pending_.take_any()) shard_.lost(*waiting);
  peer_->counters.pending.set(0);
}

void Link::on_deadline() {
  if (state_ != State::Open) return stream_.close({Code::DeadlinePassed, "diameter.capabilities"});
  if (was_told_to_leave_ || has_answered_leaving_) return stream_.close({Code::Closed, "diameter.disconnect"});
  watch(Watchdog::Event::Timer);
}

void Link::on_closed(Error reason) {
  if (peer_ != nullptr) {
    shard_.shard().logger().info("diameter.peer_lost", {{"peer", peer_->identity}, {"code", name_of(reason.code)}});
    {
      const std::lock_guard lock(peer_->mutex);
      if (peer_->connection == id_ && peer_->shard == static_cast<int>(shard_.shard().index())) {
        peer_->connection = 0;
        peer_->shard = PeerEntry::kNowhere;
        // A parting in good order is no failure: the next connection serves at once, as the first one did.
        const bool is_orderly = was_told_to_leave_ || has_answered_leaving_;
        peer_->has_failed = !is_orderly;
        peer_->state = is_orderly ? PeerState::Initial : PeerState::Down;
        peer_->is_leaving = false;
      }
    }
    fail_over();
  } else if (dialled_ == nullptr) {
    shard_.stranger_gone(*this);
  } else {
    const std::lock_guard lock(dialled_->mutex);
    if (dialled_->connecting == id_) dialled_->connecting = 0;
    shard_.shard().logger().info("diameter.unreachable",
                                 {{"peer", dialled_->identity}, {"address", address_}, {"code", name_of(reason.code)}});
  }
  shard_.closed(*this);  // destroys this
}

}  // namespace claviger::diameter
