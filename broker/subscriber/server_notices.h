// What the SIP database has to tell S-CSCFs by itself (TS 29.228 clauses 6.1.3, 6.6.1): that a registration is over, that
// a profile has changed.
//
// The seam between the procedures of operators and the wire: Cx implements it (cx_service.h). Called at the subscriber's
// home, after the change is durable.
#pragma once

#include <string>

#include "broker/subscriber/server_state.h"
#include "broker/subscriber/subscriber.h"

namespace claviger::subscriber {

class ServerNotices {
 public:
  // Each returns at once; who is served by nobody is no notice.
  virtual void end_registration(const Subscriber& subscriber, const ServerState& server) = 0;
  virtual void push_profile(const Subscriber& subscriber, const ServerState& server) = 0;

 protected:
  ~ServerNotices() = default;
};

}  // namespace claviger::subscriber
