#include "broker/exchange/peer_links.h"

#include <utility>
#include <vector>

#include "broker/exchange/peer_procedures.h"
#include "broker/keys/certificate_trust.h"
#include "broker/tables.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"

namespace claviger::exchange {

using broker::Context;
using runtime::Task;

namespace {

// Agreements that follow one another while somebody waits for a link: an operator is not that quick.
constexpr int kLinksTried = 3;

http::ClientOptions options_with(std::shared_ptr<const net::TlsContext> tls) {
  http::ClientOptions options;
  options.tls = std::move(tls);
  options.connections_max = kPeerConnectionsMax;
  // Those that were given up wait along until the connection is there or fails: no longer than they did.
  options.waiting_max = 2 * kPeerAsksMax;
  options.handshake = Milliseconds(kPeerAnswerMs);
  options.idle = kPeerIdle;
  return options;
}

}  // namespace

Task<Result<std::shared_ptr<const net::TlsContext>>> peer_tls(Context* context, std::string tenant, Identity identity,
                                                              std::string ca_pem) {
  auto key = context->sealer.open(broker::tables::kKmsPeers, identity_key(tenant), as_bytes(identity.sealed_key));
  if (!key) co_return key.error();
  auto options = std::make_shared<net::TlsClientOptions>();
  options->ca_pem = std::move(ca_pem);
  options->certificate_chain_pem = std::move(identity.chain_pem);
  options->private_key_pem = *std::move(key);
  auto work = [options] { return net::TlsContext::client(std::move(*options)); };
  auto made = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!made) co_return made.error();
  co_return *std::move(made);
}

http::ClientRequest peer_request(const Peer& peer, std::string_view path) {
  http::ClientRequest request(http::Method::Get, peer.url + std::string(path));
  request.timeout = Milliseconds(kPeerAnswerMs);
  request.response_bytes_max = keys::kCertificateDocumentMax;
  return request;
}

struct PeerLinks::Link {
  Link(runtime::Shard& shard, std::uint64_t of_peer, std::uint64_t of_identity,
       std::shared_ptr<const net::TlsContext> tls)
      : peer_version(of_peer), identity_version(of_identity), client(shard, options_with(std::move(tls))) {}

  const std::uint64_t peer_version, identity_version;
  http::Client client;
};

// Where one peer is asked.
struct PeerLinks::Place {
  using Made = Result<std::shared_ptr<Link>>;
  std::shared_ptr<Link> link;
  std::size_t asks = 0;
  bool is_making = false;
  std::vector<runtime::Completer<Made>> waiting;  // for the link that is being made; at most kPeerAsksMax
};

// One question under way.
class PeerLinks::Asking {
 public:
  explicit Asking(std::shared_ptr<Place> place) : place_(std::move(place)) { ++place_->asks; }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() { --place_->asks; }

 private:
  std::shared_ptr<Place> place_;
};

PeerLinks::PeerLinks(Context& home) : home_(home) {}
PeerLinks::~PeerLinks() = default;

void PeerLinks::stop() {
  is_stopped_ = true;
  for (auto& [key, place] : places_) place->link.reset();
  places_.clear();
}

std::size_t PeerLinks::connections() const {
  std::size_t count = 0;
  for (const auto& [key, place] : places_) count += place->link ? place->link->client.connections() : 0;
  return count;
}

void PeerLinks::forget_unused() {
  std::erase_if(places_, [](const auto& each) {
    const Place& place = *each.second;
    return place.asks == 0 && (!place.link || place.link->client.connections() == 0);
  });
}

Task<Result<http::ClientResponse>> PeerLinks::ask(std::string tenant, Peer peer, std::string path) {
  auto shared = std::make_shared<const Peer>(std::move(peer));
  auto begin = [this, tenant = std::move(tenant), shared, path = std::move(path)] {
    return ask_at_home(tenant, shared, path);
  };
  auto answer = co_await runtime::call_on(&home_.shard, std::move(begin));
  co_return answer;
}

Task<Result<http::ClientResponse>> PeerLinks::ask_at_home(std::string tenant, std::shared_ptr<const Peer> peer,
                                                          std::string path) {
  if (is_stopped_) co_return Error{Code::Closed, "exchange.links"};
  forget_unused();
  std::shared_ptr<Place>& known = places_[peer_key(tenant, peer->kms_uri)];
  if (!known) known = std::make_shared<Place>();
  const std::shared_ptr<Place> place = known;
  if (place->asks >= kPeerAsksMax) co_return Error{Code::Overload, "exchange.asks"};
  const Asking asking(place);
  auto link = co_await link_to(place, std::move(tenant), peer);
  if (!link) co_return link.error();
  auto answer = co_await (*link)->client.send(peer_request(*peer, path));
  // From the loop: this is still inside a call of its connection's, and the link may have been replaced meanwhile.
  home_.shard.defer([kept = *std::move(link)]() mutable { kept.reset(); });
  co_return answer;
}

Task<Result<std::shared_ptr<PeerLinks::Link>>> PeerLinks::link_to(std::shared_ptr<Place> place, std::string tenant,
                                                                  std::shared_ptr<const Peer> peer) {
  CLAVIGER_CO_TRY(identity, co_await read_identity(&home_, tenant));
  const std::uint64_t version = identity.version;
  const auto is_of = [&](const Link& link) {
    return link.peer_version == peer->version && link.identity_version == version;
  };
  if (place->link && is_of(*place->link)) co_return place->link;
  for (int tries = 0; place->is_making; ++tries) {
    if (tries == kLinksTried) co_return Error{Code::Overload, "exchange.agreement"};
    runtime::OneShotPair<Place::Made> pair;
    place->waiting.push_back(std::move(pair.completer));
    auto made = co_await pair.waiter.until(home_.shard.now() + Milliseconds(kPeerAnswerMs));
    if (!made) co_return Error{Code::DeadlinePassed, "exchange.link"};
    if (!*made) co_return made->error();
    if (is_of(***made)) co_return **std::move(made);
    // Of another agreement: an operator changed it meanwhile, which is nothing to refuse a user for.
    if (place->link && is_of(*place->link)) co_return place->link;
  }
  place->is_making = true;
  auto tls = co_await peer_tls(&home_, std::move(tenant), std::move(identity), peer->ca_pem);
  place->is_making = false;
  Place::Made made = Error{Code::Closed, "exchange.links"};
  if (!tls) {
    made = tls.error();
  } else if (!is_stopped_) {
    made = std::make_shared<Link>(home_.shard, peer->version, version, *std::move(tls));
    place->link = *made;
  }
  home_.shard.defer([waiting = std::exchange(place->waiting, {}), made]() mutable {
    for (auto& each : waiting) each.complete(made);
  });
  co_return made;
}

}  // namespace claviger::exchange
