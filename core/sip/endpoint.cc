#include "core/sip/endpoint.h"

#include "core/crypto/fresh_value.h"
#include "core/net/resolve.h"
#include "core/runtime/call.h"
#include "core/sip/connection_slots.h"
#include "core/sip/endpoint_shard.h"
#include "core/sip/limits.h"
#include "core/sip/ongoing_requests.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::sip {
namespace {

using runtime::Task;

// RFC 3261 clause 18.1.1: within 200 bytes of an unknown path MTU.
constexpr std::size_t kDatagramRequestMax = 1300;
// Timer F, the way there and back, and the resolver's patience.
constexpr Milliseconds kSendMax{45'000};
constexpr Milliseconds kResolveMax{5'000};
// UDP and TCP have to share a number: tried this often when the kernel may choose it.
constexpr int kPortTries = 16;

}  // namespace

std::string_view name_of(Transport transport) {
  switch (transport) {
    case Transport::Udp:
      return "UDP";
    case Transport::Tcp:
      return "TCP";
    case Transport::Tls:
      return "TLS";
  }
  return "?";
}

Result<NextHop> next_hop_of(std::string_view text, std::size_t size) {
  const auto uri = parse_uri(text);
  if (!uri || !uri->is_sip) return Error{Code::SipUri, "sip.next_hop"};
  NextHop hop;
  const std::string_view transport = find_parameter(uri->parameters, "transport").value;
  if (uri->is_secure || equals_ignoring_case(transport, "tls"))
    hop.transport = Transport::Tls;
  else if (equals_ignoring_case(transport, "tcp"))
    hop.transport = Transport::Tcp;
  else if (transport.empty() && size > kDatagramRequestMax)
    hop.is_for_size = true;
  else if (!transport.empty() && !equals_ignoring_case(transport, "udp"))
    return Error{Code::SipUri, "sip.transport"};
  hop.is_any_transport = transport.empty() && !uri->is_secure;
  if (hop.is_for_size) hop.transport = Transport::Tcp;
  hop.host = uri->host.starts_with('[') ? uri->host.substr(1, uri->host.size() - 2) : uri->host;
  hop.port = uri->port != 0 ? uri->port : hop.transport == Transport::Tls ? 5061 : 5060;
  return hop;
}

Endpoint::Endpoint(runtime::Shards& shards, EndpointOptions options)
    : shards_(shards),
      options_(std::move(options)),
      address_key_(crypto::fresh_value<SipKey>()),
      slots_(std::make_shared<ConnectionSlots>(crypto::fresh_value<SipKey>())),
      ongoing_(std::make_shared<OngoingRequests>(crypto::fresh_value<SipKey>())) {
  CLAVIGER_ASSERT(options_.handler != nullptr);
  if (options_.via_host.empty()) options_.via_host = options_.host;
  if (options_.via_host.find(':') != std::string::npos && !options_.via_host.starts_with('[')) {
    options_.via_host = "[" + options_.via_host + "]";
  }
  for (std::size_t i = 0; i < shards.size(); ++i)
    on_shard_.push_back(std::make_unique<EndpointShard>(shards[i], *this));
}
Endpoint::~Endpoint() = default;

EndpointShard& Endpoint::shard_of(Transport transport, const net::Address& peer) {
  if (transport == Transport::Udp) return *on_shard_.front();
  return *on_shard_[siphash(address_key_, peer.text()) % on_shard_.size()];
}

Result<Unit> Endpoint::listen_streams(Transport transport, std::uint16_t port, std::size_t index,
                                      std::uint16_t* bound) {
  CLAVIGER_TRY(address, net::Address::ip(options_.host, port));
  CLAVIGER_TRY(socket, net::ListenSocket::open(address));
  *bound = socket.address().port();
  EndpointShard* const accepting = on_shard_[index % on_shard_.size()].get();
  auto on_accepted = [this, transport, accepting](net::Descriptor connection, const net::Address& peer) {
    using Kind = ConnectionSlots::Kind;
    const bool is_trusted = admits(peer);
    const bool may_come = is_trusted || transport == Transport::Tls;
    auto slot = may_come ? slots_->take(is_trusted ? Kind::Trusted : Kind::Stranger, peer) : std::nullopt;
    if (!slot) return accepting->counters.connections_refused.add();
    EndpointShard* const home = &shard_of(transport, peer);
    if (&home->shard() == &runtime::Shard::current()) {
      return home->serve(std::move(connection), peer, transport, *std::move(slot));
    }
    runtime::Message message([home, peer, transport, moved = std::move(connection), its = *std::move(slot)]() mutable {
      home->serve(std::move(moved), peer, transport, std::move(its));
    });
    // A full mailbox is overload: the peer tries again.
    if (!home->shard().mailbox().post(std::move(message))) return;
  };
  accepting->shard().mailbox().post_control([accepting, on_accepted, moved = std::move(socket)]() mutable {
    accepting->start_accepting(std::move(moved), std::move(on_accepted));
  });
  return Unit{};
}

Result<Unit> Endpoint::listen() {
  EndpointShard* const first = on_shard_.front().get();
  const std::uint16_t wanted = options_.port;
  for (int tries = wanted == 0 ? kPortTries : 1; tries > 0; --tries) {
    auto datagrams = std::make_unique<net::DatagramSocket>(
        first->shard(), [first](Bytes datagram, const net::Address& peer) { first->on_datagram(datagram, peer); });
    CLAVIGER_TRY(address, net::Address::ip(options_.host, wanted));
    CLAVIGER_TRY(bound, datagrams->bind(address));
    options_.port = datagrams->address().port();
    std::uint16_t stream_port = 0;
    if (auto streams = listen_streams(Transport::Tcp, options_.port, 0, &stream_port); !streams) {
      if (tries > 1) continue;
      return streams;
    }
    first->shard().mailbox().post_control(
        [first, moved = std::move(datagrams)]() mutable { first->start_datagrams(std::move(moved)); });
    break;
  }
  if (options_.tls_server == nullptr) return Unit{};
  return listen_streams(Transport::Tls, options_.tls_port, 1, &options_.tls_port);
}

void Endpoint::use_tls(std::shared_ptr<const net::TlsContext> server, std::shared_ptr<const net::TlsContext> client) {
  const std::lock_guard lock(tls_mutex_);
  options_.tls_server = std::move(server);
  options_.tls_client = std::move(client);
}

std::shared_ptr<const net::TlsContext> Endpoint::tls_server() const {
  const std::lock_guard lock(tls_mutex_);
  return options_.tls_server;
}

std::shared_ptr<const net::TlsContext> Endpoint::tls_client() const {
  const std::lock_guard lock(tls_mutex_);
  return options_.tls_client;
}

void Endpoint::drain(UniqueFunction<void()> done) {
  struct Waiting {
    std::atomic<std::size_t> shards;
    UniqueFunction<void()> done;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->shards = on_shard_.size();
  waiting->done = std::move(done);
  for (auto& each : on_shard_) {
    EndpointShard* const one = each.get();
    one->shard().mailbox().post_control([one, waiting] {
      one->drain([waiting] {
        if (waiting->shards.fetch_sub(1) == 1) waiting->done();
      });
    });
  }
}

Task<Result<ReceivedResponse>> Endpoint::send(OutgoingRequest request) {
  CLAVIGER_CO_TRY(hop, next_hop_of(request.next_hop, request.body.size() + 800));
  CLAVIGER_CO_TRY(addresses, co_await net::resolve(hop.host, hop.port, runtime::Shard::current().now() + kResolveMax));
  const net::Address address = addresses.front();
  // Who is connected from that very address and port, and names no transport in his Contact, waits at his end of the
  // connection: UDP, RFC 3263's choice, would reach nobody there.
  if (hop.is_any_transport && slots_->used() != 0) {
    NextHop stream = hop;
    stream.transport = Transport::Tcp;
    stream.is_only_open = true;
    auto there = co_await send_to(request, std::move(stream), address);
    if (!there.failed_with(Code::NotFound)) co_return there;
  }
  auto answer = co_await send_to(request, hop, address);
  if (hop.is_for_size && answer.failed_with(Code::Unreachable)) {
    hop.transport = Transport::Udp;
    answer = co_await send_to(std::move(request), hop, address);
  }
  co_return answer;
}

Task<Result<ReceivedResponse>> Endpoint::send_to(OutgoingRequest request, NextHop hop, net::Address address) {
  EndpointShard* const home = &shard_of(hop.transport, address);
  auto begin = [home, request = std::move(request), hop, address]() mutable {
    return home->transact(std::move(request), std::move(hop), address);
  };
  auto sent = runtime::detail::send_call<Result<ReceivedResponse>>(home->shard(), std::move(begin));
  if (!sent) co_return sent.error();
  runtime::OneShot<Result<ReceivedResponse>> waiter = *std::move(sent);
  auto answer = co_await waiter.until(runtime::Shard::current().now() + kSendMax);
  if (!answer) co_return Error{Code::DeadlinePassed, "sip.send"};
  co_return *std::move(answer);
}

const Counters& Endpoint::counters(std::size_t shard) const { return on_shard_[shard]->counters; }

}  // namespace claviger::sip
