// Revocation: what is revoked is written, reaches every shard's verifier, and only then is acknowledged.
//
// Records of tables::kRevocations, key tenant + kind + id, expire when the last token they could concern has expired;
// the table's change feed serves embedded verifiers (broker/tokens/revocation_feed_endpoint.h). A procedure makes them
// with the functions below, puts them into the transaction that causes them (add_revocation), commits, then awaits
// publish_revocations before it answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::tokens {

// How far the clocks of those who verify may be behind (verification_policy.h).
inline constexpr Seconds kVerifiersLeeway{60};
// Longest life of an access token (settings.h bounds it) and the leeway of those who verify: a revocation is kept this
// long, whatever the lifetime is configured to be now, for it may have been longer a moment ago; longer where a client's
// tokens live longer (broker/tokens/token_life.h).
inline constexpr Seconds kRevocationKept = Seconds{3600} + kVerifiersLeeway;

// Of a key: whoever stole it signs tokens with any exp, and a verifier that was cut off may have its key set from long ago.
inline constexpr Seconds kKeyRevocationKept{30 * 24 * 3600};

// `expires`: the token's own exp, where it is known: soon after that nobody takes it anyway.
Revocation revocation_of_token(const broker::Context& context, const broker::TenantView& tenant, std::string_view jti,
                               std::optional<std::int64_t> expires = std::nullopt);
Revocation revocation_of_session(const broker::Context& context, const broker::TenantView& tenant,
                                 std::string_view sid);
// Every token of the user that was issued until now, this second included.
Revocation revocation_of_user(const broker::Context& context, const broker::TenantView& tenant, std::string_view sub);

// Every token that was signed with the key, also by whoever stole it, at verifiers whose key set is old, too.
Revocation revocation_of_key(const broker::TenantView& tenant, std::string_view kid, WallTime now);

void add_revocation(storage::Transaction& transaction, std::string_view tenant, const Revocation& revocation);
// After the commit: returns when every shard refuses what was revoked, and wakes the feed's long polls.
runtime::Task<Result<Unit>> publish_revocations(broker::Context* context, std::vector<Revocation> revocations);
// At start: every live revocation of every tenant into every shard's set, before the first request is served.
runtime::Task<Result<Unit>> load_revocations(broker::Context* context);

}  // namespace claviger::tokens
