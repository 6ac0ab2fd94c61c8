// Which peer a request comes from: by the certificate it came with (broker/keys/presented_certificate.h; TS 33.180 clause
// 5.3.1), its name and that the authority agreed with that peer issued it. Any shard.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/exchange/peer.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::exchange {

// KmsPeerUnknown: no certificate, nobody's, or one of another authority.
runtime::Task<Result<Peer>> authenticate_peer(broker::Context* context, std::string tenant,
                                              const http::Request* request);

}  // namespace claviger::exchange
