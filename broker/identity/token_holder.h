// Whether a request may use the token it brings, where no proof of another kind is looked at (RFC 8705 clause 3).
//
// A function of its arguments, any thread. Where DPoP is taken as well it is bearer_user.h that decides.
#pragma once

#include "broker/tokens/verifier/claims.h"
#include "core/http/message.h"

namespace claviger::identity {

// One that is bound to a certificate comes over a connection that has shown it; one that is bound to a DPoP key has no
// business here.
inline bool is_holder(const tokens::Claims& claims, const http::Request& request) {
  if (!claims.confirmation) return true;
  return !claims.confirmation->key && claims.confirmation->certificate == request.peer->certificate_digest;
}

}  // namespace claviger::identity
