// What the SIP database has to tell S-CSCFs by itself (TS 29.228 clauses 6.1.3, 6.6.1): that a registration is over, that
// a profile has changed.
//
// The seam between the procedures of operators and the wire: Cx implements it (notice_delivery.h).
#pragma once

#include <string>

#include "broker/subscriber/server_state.h"
#include "broker/subscriber/subscriber.h"
#include "core/base/result.h"
#include "storage/transaction.h"

namespace claviger::subscriber {

enum class Notice : std::uint8_t { EndOfRegistration, NewProfile };

class ServerNotices {
 public:
  // Into the change that causes it: what is durable is told, however often we are restarted meanwhile. Any shard; who is
  // served from nowhere is no notice.
  virtual Result<Unit> put(storage::Transaction& change, Notice notice, const std::string& tenant,
                           const Subscriber& subscriber, const ServerState& server) = 0;
  // Some have been put, and are durable. Any shard.
  virtual void wake() = 0;

 protected:
  ~ServerNotices() = default;
};

}  // namespace claviger::subscriber
