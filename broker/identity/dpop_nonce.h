// Nonces for DPoP proofs (RFC 9449 clauses 8 and 9): a proof was made for us, and lately.
//
//   nonce = base64url( second of issue (8 bytes BE) | first 16 bytes of HMAC-SHA256(key, tenant NUL second of issue) )
//
// Nothing is stored: any shard knows any shard's nonces. Those given out before this process started are refused, because
// it does not know which proofs were used with them. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/crypto/hmac.h"

namespace claviger::identity {

// A UE refreshes every five minutes with the nonce of the answer before; two turns of that.
inline constexpr Seconds kDpopNonceLife{600};

std::string make_dpop_nonce(const crypto::HmacSha256& key, std::string_view tenant, std::int64_t now);
// `not_before`: when this process began.
bool is_current_dpop_nonce(const crypto::HmacSha256& key, std::string_view tenant, std::string_view nonce,
                           std::int64_t now, std::int64_t not_before);

}  // namespace claviger::identity
