#include "broker/exchange/peer_caller.h"

#include "broker/exchange/peer_procedures.h"
#include "broker/keys/certificate_trust.h"
#include "broker/keys/presented_certificate.h"

namespace claviger::exchange {

using broker::Context;
using runtime::Task;

Task<Result<Peer>> authenticate_peer(Context* context, std::string tenant, const http::Request* request) {
  const auto certificate = keys::presented_certificate(*context->snapshot->settings, *request);
  if (!certificate) co_return Error{Code::KmsPeerUnknown, "exchange.certificate"};
  CLAVIGER_CO_TRY(peers, co_await list_peers(context, std::move(tenant)));
  for (Peer& peer : peers) {
    if (keys::is_named(*certificate, peer.name)) co_return std::move(peer);
  }
  co_return Error{Code::KmsPeerUnknown, "exchange.name"};
}

}  // namespace claviger::exchange
