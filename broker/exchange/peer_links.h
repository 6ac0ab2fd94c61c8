// PeerLinks: the HTTPS connections to peer KMSs, kept and shared by all whose questions go there.
//
// One per process, made by Broker after the Contexts; used on any shard, at work on the home shard (0). A link is of one
// agreement and one identity of ours: after either is changed or ended nobody is asked over it, and it closes when those
// under way are answered and kPeerIdle is over.
// Equal questions are not joined: an answer that was on its way before a revocation at the holder would be told to whoever
// asked after it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "broker/exchange/peer.h"
#include "core/base/result.h"
#include "core/http/client.h"
#include "core/net/tls_context.h"
#include "core/runtime/task.h"

namespace claviger::exchange {

// Of one peer: HTTP/2 needs one connection for a hundred questions. One that speaks HTTP/1.1 alone is asked so many at a time
// and no more, the others wait: at 100 ms an answer 40 a second.
inline constexpr std::size_t kPeerConnectionsMax = 4;
// Questions to one peer under way. Its answers take milliseconds: beyond this it has a trouble that more would make worse.
inline constexpr std::size_t kPeerAsksMax = 256;
inline constexpr Seconds kPeerIdle{10};

// What peers are shown, and whom we believe. What the sealer says.
runtime::Task<Result<std::shared_ptr<const net::TlsContext>>> peer_tls(broker::Context* context, std::string tenant,
                                                                       Identity identity, std::string ca_pem);
http::ClientRequest peer_request(const Peer& peer, std::string_view path);

class PeerLinks {
 public:
  explicit PeerLinks(broker::Context& home);
  PeerLinks(const PeerLinks&) = delete;
  PeerLinks& operator=(const PeerLinks&) = delete;
  // Stopped, and the shards ended.
  ~PeerLinks();

  // On the home shard: nobody is asked any more.
  void stop();

  // Any shard. GET peer.url + path with our identity's certificate, at most kPeerAnswerMs. NotFound: we have no identity;
  // Overload: kPeerAsksMax; what the HTTP client says.
  runtime::Task<Result<http::ClientResponse>> ask(std::string tenant, Peer peer, std::string path);

  // On the home shard; and for how many peers something is kept, since the last question.
  std::size_t connections() const;
  std::size_t peers() const { return places_.size(); }

 private:
  struct Link;
  struct Place;
  class Asking;
  runtime::Task<Result<http::ClientResponse>> ask_at_home(std::string tenant, std::shared_ptr<const Peer> peer,
                                                          std::string path);
  runtime::Task<Result<std::shared_ptr<Link>>> link_to(std::shared_ptr<Place> place, std::string tenant,
                                                       std::shared_ptr<const Peer> peer);
  // Each holds our private key.
  void forget_unused();

  broker::Context& home_;
  std::map<std::string, std::shared_ptr<Place>> places_;  // by the key of the peer's record
  bool is_stopped_ = false;
};

}  // namespace claviger::exchange
