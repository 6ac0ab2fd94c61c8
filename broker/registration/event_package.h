// An event package of another room on this room's SIP endpoint: its SUBSCRIBEs, and the end of what they stand on.
//
// Given to the Registrar before its start; outlives it. subscribe() on the shard that received the request, revoked() on
// shard 0.
#pragma once

#include <string>

#include "broker/tokens/verifier/revocation.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "core/sip/endpoint.h"

namespace claviger::registration {

class EventPackage {
 public:
  // Of a trusted peer, in the name of `identity`, in a dialog or not. `request` outlives the task.
  virtual runtime::Task<sip::Response> subscribe(const sip::Received* request, std::string identity) = 0;
  // A token, a session or a user of the tenant was revoked; again after an error.
  virtual runtime::Task<Result<Unit>> revoked(tokens::Revocation revocation) = 0;

 protected:
  ~EventPackage() = default;
};

}  // namespace claviger::registration
