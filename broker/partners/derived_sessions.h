// Sessions made from a partner's security tokens: what was presented (so that nothing is taken twice), what in the
// partner's system each session hangs on, and what the partner has revoked.
//
// Rows of tables::kPartnerTokens, key tenant + partner + kind + id [+ sid], value: sid NUL iat in decimal.
//   "jti"  jti of the security token          -> the session: the replay record, and the list of a partner's sessions
//   "sid", "sub", "at", "kid"  + sid          -> session, user, access token there, key of the security token: found
//                                                when the partner revokes them
//   "dead-jti", "dead-sid", "dead-sub", "dead-kid"  -> revoked there; value: not_before in decimal. A security token
//                                                from before, or signed with that key, cannot make a session afterwards.
// All expire with what they guard. Procedures, on whichever shard; transactions and their expectations guard them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::partners {

// What a security token said of where it comes from. No member contains NUL (security_token.h).
struct PrimaryOrigin {
  std::string sub;
  std::string jti;
  std::string sid;               // empty: not said
  std::string access_token_jti;  // of what was exchanged; empty: not said
  std::int64_t issued_at = 0;
  std::string kid;               // of the partner's key that signed it
};

// AssertionReplayed when the jti was taken before; AssertionInvalid when the partner has revoked what it comes from.
// What it found is expected, and what it claims is put, by the transaction that makes session `sid`.
runtime::Task<Result<storage::Transaction>> claim_origin(broker::Context* context, std::string tenant,
                                                         std::string partner, PrimaryOrigin origin, std::string sid,
                                                         std::int64_t token_expires_at,
                                                         std::int64_t session_expires_at);

// Every session that the partner's tokens made here; of one of our users, when `sub` is not empty. Returns when their
// tokens are refused. Here and below: one that cannot be ended stops no other, the first error is what is returned.
runtime::Task<Result<Unit>> end_derived_sessions(broker::Context* context, std::string tenant, std::string partner,
                                                 std::string sub);

// What the partner has revoked in its own system: remembered until it expires, and the sessions that hang on it end.
// Changes of other issuers, or with names that cannot be ours, are left out.
runtime::Task<Result<Unit>> apply_partner_revocations(broker::Context* context, std::string tenant, std::string partner,
                                                      std::string issuer, std::vector<tokens::Revocation> changes);

}  // namespace claviger::partners
