// Revocation: what is revoked is written, reaches every shard's verifier, and only then is acknowledged.
//
// Records of tables::kRevocations, key tenant + kind + id, expire when the last token they could concern has expired;
// the table's change feed serves embedded verifiers (broker/tokens/revocation_feed_endpoint.h). A procedure puts
// revocations into the transaction that causes them (add_revocation), commits, then awaits publish_revocations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/tokens/verifier/revocation_set.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::tokens {

enum class RevocationKind : std::uint8_t { Jti, Sid, Sub };

struct Revocation {
  RevocationKind kind = RevocationKind::Jti;
  std::string tenant;
  std::string id;               // the jti, sid or sub
  std::int64_t not_before = 0;  // Sub: tokens issued (iat) before or at this second are dead
  std::int64_t expires_at = 0;  // latest expiry of any token concerned, leeway included
};

// The expiry for something revoked at `now`: no access token that exists now lives longer than this.
std::int64_t revocation_expiry(const settings::Settings& settings, WallTime now);

void add_revocation(storage::Transaction& transaction, const Revocation& revocation);
// After the commit: returns when every shard refuses what was revoked, and wakes the feed's long polls.
runtime::Task<Result<Unit>> publish_revocations(broker::Context* context, std::vector<Revocation> revocations);

}  // namespace claviger::tokens
