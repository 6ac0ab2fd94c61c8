#include "broker/exchange/peer_caller.h"

#include "broker/exchange/peer_procedures.h"
#include "broker/keys/certificate_trust.h"
#include "broker/keys/presented_certificate.h"
#include "core/runtime/offload.h"

namespace claviger::exchange {

using broker::Context;
using runtime::Task;

namespace {

// Whatever else the listener trusts may issue a certificate of any name: of this peer its own authority alone.
Task<bool> is_issued_for(Context* context, crypto::Certificate certificate, Peer peer) {
  const std::int64_t now = numeric_date(context->shard.wall());
  auto work = [certificate = std::move(certificate), ca = std::move(peer.ca_pem), now] {
    return keys::check_authority(certificate, ca, now);
  };
  const auto done = co_await runtime::offload(&context->work_pool, std::move(work));
  co_return done&&* done;
}

}  // namespace

Task<Result<Peer>> authenticate_peer(Context* context, std::string tenant, const http::Request* request) {
  const auto certificate = keys::presented_certificate(*context->snapshot->settings, *request);
  if (!certificate) co_return Error{Code::KmsPeerUnknown, "exchange.certificate"};
  CLAVIGER_CO_TRY(peers, co_await list_peers(context, std::move(tenant)));
  for (Peer& peer : peers) {
    if (!keys::is_named(*certificate, peer.name)) continue;
    if (co_await is_issued_for(context, *certificate, peer)) co_return std::move(peer);
    context->shard.logger().warning("exchange.authority_differs",
                                    {{"peer", peer.kms_uri}, {"issuer", certificate->issuer()}});
  }
  co_return Error{Code::KmsPeerUnknown, "exchange.name"};
}

}  // namespace claviger::exchange
