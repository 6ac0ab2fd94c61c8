// How many access tokens one caller may revoke (limits.revocations_per_minute): each revocation is kept until the token
// would have expired and goes to every verifier, so that a service that makes and revokes tokens as fast as it can would
// fill all of them.
//
// Counted by whose tokens they are: a service's own by its client, a user's by his session. A client that many UEs share
// is not stopped by the many of them that sign off at the end of a shift. A bucket each, of one minute's worth.
//
// Part of TokenShard; asked on home_of("revocations/" tenant "/" who), so that the bound holds over all shards.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "broker/identity/recent_map.h"
#include "core/base/clock.h"

namespace claviger::tokens {

// Callers remembered on a shard; whoever is forgotten has a full bucket again, after this many others came.
inline constexpr std::size_t kRevocationCallersMax = 16'384;

class RevocationQuota {
 public:
  // Zero: taken. Else when there will be one more.
  Milliseconds take(const std::string& who, std::uint32_t per_minute, Monotonic now);

 private:
  struct Bucket {
    double left = 0;
    Monotonic at{};
  };
  identity::RecentMap<std::string, Bucket> buckets_{kRevocationCallersMax};
};

}  // namespace claviger::tokens
