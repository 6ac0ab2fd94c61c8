// A refresh token is used: rotation, reuse, grace (RFC 6749 clause 6, RFC 9700 clause 4.14.2; TS 33.180 clause B.5).
//
// Called on any shard, runs at home_of("session/" tenant "/" sid). What a token is and why none is stored: session.h.
//   the valid generation      rotates: the next one is valid from now on
//   the one before it         once, within kRefreshGrace: the same successor again (the answer was lost on the air)
//   any other genuine one     somebody has a copy: the session ends, and with it every token of the family
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "broker/identity/granted_session.h"
#include "broker/identity/refresh_token.h"
#include "broker/identity/resource_indicators.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

struct Refresh {
  std::string tenant;
  std::string client_id;  // authenticated
  ClientRef client;       // the same
  Resources resources;    // RFC 8707; empty: what the session is bound to
  RefreshToken token;
  std::vector<std::string> scopes;  // requested; empty: all that were granted
  std::string certificate_digest;   // of the connection, 32 bytes; empty: none
  std::string dpop_key;             // thumbprint of the key that was proven, 32 bytes; empty: none
  bool is_public_client = false;    // then the refresh token itself is bound to its key (RFC 9449 clause 5)
};

// RefreshInvalid, RefreshReused, SessionEnded (ended, idle too long, user may not any more), TokenBinding, ScopeWider,
// TargetUnknown; Conflict when it would not end; what the store says.
runtime::Task<Result<GrantedSession>> refresh_session(broker::Context* context, Refresh refresh);

}  // namespace claviger::identity
