// A code becomes a session (RFC 6749 clauses 4.1.3 and 10.5, RFC 7636 clause 4.6; TS 33.180 clause B.4.2.4; spec 3.3
// "login commit").
//
// Called on any shard, runs at home_of("code/" tenant "/" digest), or for a sign-in on a UE at home_of("ue/" tenant "/"
// ue_id), where the UE's rules are kept (broker/identity/ue_admission.h). One transaction uses up the code and writes
// the session; of two redemptions at the same time one wins. A second redemption ends the session that the first one
// made: somebody has stolen the code, and nobody can tell which of the two was it.
#pragma once

#include <array>
#include <string>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "broker/identity/granted_session.h"
#include "broker/identity/resource_indicators.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// NumericDate: codes that were given to the client before it are dead, because it was disabled or removed then, and
// perhaps another one was registered under its id; 0: none is. Every shard knows.
std::int64_t client_not_before(const broker::Context& context, std::string_view tenant, std::string_view client_id);

// What a session that begins in its name goes by, past what shards remember of it: ClientUnknown, ClientDisabled.
runtime::Task<Result<ClientRef>> client_as_it_stands(broker::Context* context, std::string tenant,
                                                     std::string client_id);

struct Redemption {
  std::string tenant;
  std::string client_id;  // authenticated
  ClientRef client;       // the same
  Resources resources;    // RFC 8707; empty: what the code is bound to
  std::string digest;     // hexadecimal SHA-256 of the code
  std::string redirect_uri;
  std::array<std::byte, 32> verifier_digest{};  // SHA-256 of the code verifier
  std::string certificate_digest;               // 32 bytes: tokens will be bound to it; empty: bearer
  std::string dpop_key;                         // 32 bytes: thumbprint of the key that was proven; empty: none
  std::string ue_id;                            // of the UE whose key the request proved; empty: none
};

// CodeInvalid, CodeExpired, CodeReused, CodeClient, CodeRedirect, CodeVerifier, SessionEnded (the user may not sign in
// any more), TargetUnknown, UeLost, UeOfAnother, UeFull, TokenBinding (another key than the one the code is bound to);
// Conflict when it would not end; what the store says.
runtime::Task<Result<GrantedSession>> redeem_code(broker::Context* context, Redemption redemption);

}  // namespace claviger::identity
