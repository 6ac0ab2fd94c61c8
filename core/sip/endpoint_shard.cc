#include "core/sip/endpoint_shard.h"

#include <algorithm>

#include "core/crypto/fresh_value.h"
#include "core/sip/connection.h"
#include "core/sip/limits.h"
#include "core/sip/request_check.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::sip {
namespace {

using runtime::Task;

constexpr std::string_view kAllow = "REGISTER, PUBLISH, SUBSCRIBE, NOTIFY, OPTIONS";
// Of whom we cannot take more work: it comes again in this time.
constexpr std::string_view kRetryAfter = "5";

std::string hex_of(std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; number >>= 4U) text[i] = kDigits[number & 15U];
  return text;
}

bool is_handled(Method method) {
  return method == Method::Register || method == Method::Publish || method == Method::Subscribe ||
         method == Method::Notify || method == Method::Options;
}

std::string peer_key(Transport transport, const net::Address& address) {
  return std::string(name_of(transport)) + " " + address.text();
}

}  // namespace

EndpointShard::EndpointShard(runtime::Shard& shard, Endpoint& endpoint)
    : shard_(shard),
      endpoint_(endpoint),
      tag_key_(crypto::fresh_value<SipKey>()),
      transactions_(crypto::fresh_value<SipKey>(), crypto::fresh_value<SipKey>()),
      branch_prefix_(std::string(kBranchCookie) + hex_of(crypto::fresh_value<std::uint64_t>())),
      expiry_(
          [](void* self) {
            auto* const one = static_cast<EndpointShard*>(self);
            one->transactions_.expire(one->shard_.now());
            one->counters.transactions.set(one->transactions_.size());
            one->arm_expiry();
          },
          this) {}
EndpointShard::~EndpointShard() = default;

// ---- sockets

void EndpointShard::start_datagrams(std::unique_ptr<net::DatagramSocket> socket) {
  datagrams_ = std::move(socket);
  if (auto started = datagrams_->start(); !started)
    shard_.logger().error("sip.datagrams", {{"code", name_of(started.error().code)}});
}

void EndpointShard::start_accepting(net::ListenSocket socket, net::Acceptor::Callback on_accepted) {
  acceptors_.push_back(std::make_unique<net::Acceptor>(shard_, std::move(socket), std::move(on_accepted)));
  if (auto started = acceptors_.back()->start(); !started)
    shard_.logger().error("sip.accept", {{"code", name_of(started.error().code)}});
}

void EndpointShard::serve(net::Descriptor socket, const net::Address& peer, Transport transport,
                          ConnectionSlots::Slot slot) {
  if (is_draining_) return;
  const std::uint64_t id = next_connection_++;
  const Peer from{transport, peer, false};
  auto connection = std::make_unique<Connection>(*this, id, from, std::move(slot));
  Connection* const raw = connection.get();
  connections_.emplace(id, std::move(connection));
  connections_by_peer_.insert_or_assign(peer_key(transport, peer), id);
  const auto tls = transport == Transport::Tls ? endpoint_.tls_server() : nullptr;
  if (auto accepted = raw->accept(std::move(socket), tls); !accepted) closed(*raw, accepted.error());
}

void EndpointShard::closed(Connection& connection, Error reason) {
  const std::uint64_t id = connection.id();
  const auto by_peer = connections_by_peer_.find(peer_key(connection.peer().transport, connection.peer().address));
  if (by_peer != connections_by_peer_.end() && by_peer->second == id) connections_by_peer_.erase(by_peer);
  std::vector<std::string> lost;
  for (const auto& [branch, pending] : pending_) {
    if (pending.connection == id) lost.push_back(branch);
  }
  for (const std::string& branch : lost)
    finish(branch, Error{reason.code == Code::DeadlinePassed ? reason.code : Code::Unreachable, "sip.connection"});
  connections_.erase(id);
  end_drain_if_empty();
}

void EndpointShard::drain(UniqueFunction<void()> done) {
  is_draining_ = true;
  drained_ = std::move(done);
  acceptors_.clear();
  datagrams_.reset();
  scope_.cancel();
  for (auto& [id, connection] : connections_) connection->close_now();
  end_drain_if_empty();
}

void EndpointShard::end_drain_if_empty() {
  if (is_draining_ && connections_.empty() && drained_) std::exchange(drained_, {})();
}

// ---- in

void EndpointShard::on_datagram(Bytes datagram, const net::Address& peer) {
  const std::string_view text = as_text(datagram);
  // Keep-alives of RFC 5626 and of NATs; empty lines in front of a message are as good as on a stream (RFC 3261 clause 7.5).
  const std::size_t begin = text.find_first_not_of("\r\n");
  if (text.size() < 4 || begin == std::string_view::npos) return;
  const Peer from{Transport::Udp, peer, false};
  // What answers a request of ours may come from wherever that was sent to: the branch says whether it does.
  const bool is_response = equals_ignoring_case(text.substr(begin, 4), "SIP/");
  if (!is_response && !endpoint_.admits(peer)) return refuse_datagram(text.substr(begin), from);
  receive(text.substr(begin), from, 0);
}

void EndpointShard::refuse_datagram(std::string_view text, const Peer& peer) {
  counters.datagrams_refused.add();
  const Monotonic now = shard_.now();
  if (now - refusals_since_ >= Seconds(1)) {
    refusals_since_ = now;
    refusals_ = 0;
  }
  if (refusals_ >= kRefusalsPerSecond) return;
  ++refusals_;
  Received received;
  received.text = text;  // copy: a Received has its own
  received.peer = peer;
  const Message& message = received.message;
  if (!received.message.parse(received.text, Framing::Datagram) || message.method() == Method::Ack) return;
  if (!check_request(message)) return;
  const Source source{peer.address.host(), peer.address.port()};
  const std::string answer = write_response(message, Response(403), source, tag_for(message));
  if (answer.size() <= text.size()) send_response(received, answer, 0);
}

bool EndpointShard::receive(std::string_view text, const Peer& peer, std::uint64_t connection) {
  auto received = std::make_unique<Received>();
  received->text = text;  // copy: a request outlives the buffer it came in
  received->peer = peer;
  const auto parsed = received->message.parse(received->text, connection == 0 ? Framing::Datagram : Framing::Stream);
  const bool is_framed = parsed.has_value() || connection == 0;
  const Message& message = received->message;
  if (parsed && !message.is_request()) {
    receive_response(std::move(received));
    return true;
  }
  if (!message.is_request() || message.method() == Method::Ack) {
    counters.malformed.add(parsed ? 0 : 1);
    return is_framed;
  }
  counters.requests.add();
  const Result<Unit> checked = parsed ? check_request(message) : parsed;
  if (!checked) {
    counters.malformed.add();
    // An answer to nothing is an answer that nobody can match.
    if (message.has(HeaderId::Via)) answer(*received, Response(status_of(checked.error().code)), connection, nullptr);
    return is_framed;
  }
  receive_request(std::move(received), connection);
  return true;
}

std::optional<Response> EndpointShard::answer_alone(const Message& request, std::string_view source) {
  if (request.method() == Method::Cancel) {
    // Nothing of ours can be cancelled; whether there is something is all that can be said (RFC 3261 clause 9.2).
    for (const Method method :
         {Method::Register, Method::Publish, Method::Subscribe, Method::Notify, Method::Options}) {
      if (transactions_.find(transactions_.key_of(request, source, name_of(method))) != nullptr) return Response(200);
    }
    return Response(481);
  }
  if (request.method() == Method::Other) return Response(501).with("Allow", std::string(kAllow));
  if (!is_handled(request.method())) return Response(405).with("Allow", std::string(kAllow));
  const std::string unsupported = unsupported_options(request, {"path", "eventlist"});
  if (!unsupported.empty()) return Response(420).with("Unsupported", unsupported);
  if (request.method() == Method::Options) {
    // Without a body, which is acceptable to everybody (RFC 3261 clause 11.2).
    return Response(200)
        .with("Allow", std::string(kAllow))
        .with("Accept", "application/poc-settings+xml, multipart/mixed, message/sip")
        .with("Allow-Events", "poc-settings, xcap-diff")
        .with("Supported", "path");
  }
  return std::nullopt;
}

std::weak_ptr<const void> EndpointShard::way_of(std::uint64_t connection) const {
  if (connection == 0) return endpoint_.ongoing_;
  const auto found = connections_.find(connection);
  return found == connections_.end() ? std::weak_ptr<const void>() : found->second->way();
}

void EndpointShard::receive_request(std::unique_ptr<Received> received, std::uint64_t connection) {
  const Message& message = received->message;
  const std::string source = peer_key(received->peer.transport, received->peer.address);
  if (auto alone = answer_alone(message, source)) return answer(*received, *alone, connection, nullptr);
  const TransactionKey key = transactions_.key_of(message, source, message.method_name());
  if (const auto* known = transactions_.find(key)) {
    counters.retransmissions.add();
    if (!known->response.empty()) send_response(*received, known->response, connection);
    return;
  }
  auto place = endpoint_.ongoing_->take(message, way_of(connection));
  if (!place) return answer(*received, Response(482), connection, nullptr);
  const net::Address& from = received->peer.address;
  const auto datagram_of = connection == 0 ? std::optional(from.source()) : std::nullopt;
  if (is_draining_ || !transactions_.begin(key, datagram_of, *std::move(place))) {
    counters.overloads.add();
    return answer(*received, Response(503).with("Retry-After", std::string(kRetryAfter)), connection, nullptr);
  }
  counters.transactions.set(transactions_.size());
  if (!scope_.spawn(run(key, std::move(received), connection))) transactions_.end(key);
}

Task<void> EndpointShard::run(TransactionKey key, std::unique_ptr<Received> received, std::uint64_t connection) {
  const Response response = co_await endpoint_.options_.handler->handle(received.get());
  answer(*received, response, connection, &key);
}

std::string EndpointShard::tag_for(const Message& request) const {
  std::string text(request.value(HeaderId::Via));
  text += request.value(HeaderId::CallId);
  return hex_of(siphash(tag_key_, text));
}

void EndpointShard::answer(const Received& received, const Response& response, std::uint64_t connection,
                           const TransactionKey* key) {
  const Source source{received.peer.address.host(), received.peer.address.port()};
  std::string text = write_response(received.message, response, source, tag_for(received.message));
  counters.responses_sent.add();
  send_response(received, text, connection);
  if (key == nullptr) return;
  if (connection != 0) {
    transactions_.end(*key);  // Timer J is 0
  } else {
    if (response.status >= 300) transactions_.give_up_place(*key);
    transactions_.complete(*key, std::move(text), shard_.now() + kTimerJ);
    arm_expiry();
  }
  counters.transactions.set(transactions_.size());
}

void EndpointShard::send_response(const Received& received, const std::string& text, std::uint64_t connection) {
  if (connection != 0) {
    const auto found = connections_.find(connection);
    // A connection that is gone took its requests along: the peer opens another and asks again.
    if (found != connections_.end() && !found->second->send(text)) found->second->close_now();
    return;
  }
  if (datagrams_ == nullptr) return;
  // RFC 3581: with rport to where it came from; else to the port of sent-by, at the address it came from (clause 18.2.2).
  net::Address to = received.peer.address;
  const auto via = received.message.top_via();
  if (via && !find_parameter(via->parameters, "rport").is_present) {
    if (auto address = net::Address::ip(to.host(), via->port != 0 ? via->port : 5060)) to = *address;
  }
  datagrams_->send(as_bytes(text), to);
}

void EndpointShard::arm_expiry() {
  if (expiry_.is_running() || transactions_.next_expiry() == Monotonic::max()) return;
  shard_.timers().start(expiry_, transactions_.next_expiry());
}

// ---- out

void EndpointShard::receive_response(std::unique_ptr<Received> received) {
  const Message& message = received->message;
  const auto checked = check_response(message);
  const auto via = message.top_via();
  if (checked && via && !via->branch.starts_with(branch_prefix_)) {
    // It may come on another connection than its request went (RFC 3261 clause 18.1.2), of another shard.
    const auto is_asker = [&via](const auto& one) { return via->branch.starts_with(one->branch_prefix_); };
    const auto asker = std::ranges::find_if(endpoint_.on_shard_, is_asker);
    if (asker != endpoint_.on_shard_.end()) {
      EndpointShard* const home = asker->get();
      runtime::Message passed(
          [home, moved = std::move(received)]() mutable { home->receive_response(std::move(moved)); });
      if (!home->shard().mailbox().post(std::move(passed))) counters.responses_dropped.add();
      return;
    }
  }
  const auto found = checked && via ? pending_.find(std::string(via->branch)) : pending_.end();
  // Of another's request, of one that is over, or a lie.
  if (found == pending_.end() || !equals_ignoring_case(via->host, endpoint_.options_.via_host) ||
      message.cseq()->method != found->second.method) {
    counters.responses_dropped.add();
    return;
  }
  if (message.status() < 200) {
    found->second.is_proceeding = true;
    return;
  }
  const std::string branch = found->first;
  finish(branch, ReceivedResponse(std::move(received)));
}

void EndpointShard::finish(const std::string& branch, Result<ReceivedResponse> result) {
  const auto found = pending_.find(branch);
  if (found == pending_.end()) return;
  // From the loop: whoever waits goes on at once.
  shard_.defer([completer = std::move(found->second.completer), result = std::move(result)]() mutable {
    completer.complete(std::move(result));
  });
  pending_.erase(found);
}

std::string EndpointShard::write_request(const OutgoingRequest& request, Transport transport,
                                         const std::string& branch) const {
  const EndpointOptions& options = endpoint_.options_;
  std::string text;
  text.reserve(1024 + request.body.size());
  text += request.method + " " + request.uri + " SIP/2.0\r\nVia: SIP/2.0/";
  text += name_of(transport);
  text += " " + options.via_host + ":" +
          std::to_string(transport == Transport::Tls && options.tls_port != 0 ? options.tls_port : options.port);
  text += ";branch=" + branch;
  if (transport == Transport::Udp) text += ";rport";
  text += "\r\nMax-Forwards: 70\r\n";
  for (const Header& header : request.headers) text += header.name + ": " + header.value + "\r\n";
  if (!request.content_type.empty()) text += "Content-Type: " + request.content_type + "\r\n";
  text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
  return text;
}

Result<std::uint64_t> EndpointShard::connection_to(const NextHop& hop, const net::Address& address) {
  const std::string key = peer_key(hop.transport, address);
  if (const auto found = connections_by_peer_.find(key); found != connections_by_peer_.end()) return found->second;
  const auto tls = hop.transport == Transport::Tls ? endpoint_.tls_client() : nullptr;
  if (hop.transport == Transport::Tls && tls == nullptr) return Error{Code::Unreachable, "sip.tls"};
  auto slot = endpoint_.slots_->take(ConnectionSlots::Kind::Outgoing, address);
  if (!slot) return Error{Code::Overload, "sip.connections"};
  const std::uint64_t id = next_connection_++;
  const Peer to{hop.transport, address, false};
  auto connection = std::make_unique<Connection>(*this, id, to, *std::move(slot));
  CLAVIGER_TRY(connecting, connection->connect(tls, hop.host));
  connections_.emplace(id, std::move(connection));
  connections_by_peer_.emplace(key, id);
  return id;
}

Task<Result<ReceivedResponse>> EndpointShard::transact(OutgoingRequest request, NextHop hop, net::Address address) {
  if (is_draining_) co_return Error{Code::Closed, "sip.draining"};
  if (pending_.size() >= kClientTransactionsMax) co_return Error{Code::Overload, "sip.pending"};
  if (hop.is_only_open) {
    if (!connections_by_peer_.contains(peer_key(hop.transport, address))) hop.transport = Transport::Tls;
    if (!connections_by_peer_.contains(peer_key(hop.transport, address))) co_return Error{Code::NotFound, "sip.stream"};
  }
  const std::string branch = branch_prefix_ + hex_of(next_branch_++);
  const std::string text = write_request(request, hop.transport, branch);
  runtime::OneShotPair<Result<ReceivedResponse>> pair;
  runtime::OneShot<Result<ReceivedResponse>> waiter = std::move(pair.waiter);
  Pending fresh(std::move(pair.completer));
  fresh.method = request.method;
  const bool is_datagram = hop.transport == Transport::Udp;
  if (!is_datagram) {
    CLAVIGER_CO_TRY(id, connection_to(hop, address));
    fresh.connection = id;
    CLAVIGER_CO_TRY(sent, connections_.find(id)->second->send(text));
  }
  pending_.emplace(branch, std::move(fresh));
  counters.requests_sent.add();
  const Monotonic give_up = shard_.now() + kTimerF;
  Milliseconds pause = kT1;
  for (;;) {
    Monotonic wake_up = give_up;
    if (is_datagram) {
      if (datagrams_ != nullptr) datagrams_->send(as_bytes(text), address);
      wake_up = std::min(give_up, shard_.now() + pause);
    }
    auto answer = co_await waiter.until(wake_up);
    if (answer) co_return *std::move(answer);
    const auto found = pending_.find(branch);
    if (shard_.now() >= give_up) {
      if (found != pending_.end()) pending_.erase(found);
      counters.requests_timed_out.add();
      co_return Error{Code::DeadlinePassed, "sip.timer_f"};
    }
    // Timer E: doubled up to T2; in Proceeding it is T2.
    pause = found != pending_.end() && found->second.is_proceeding ? kT2 : std::min(pause * 2, kT2);
    counters.requests_repeated.add();
  }
}

}  // namespace claviger::sip
