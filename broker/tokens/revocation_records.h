// The record of a revocation in tables::kRevocations.
//
// key:   tenant NUL kind NUL id        kind: "jti", "sid", "sub", "kid"
// value: version (1 byte, 1) | not_before (8 bytes BE) | expires (8 bytes BE)
// Fixed-size, so no FlatBuffer: millions of them may be live after a mass sign-off.
//   alpha NUL sid NUL 9hX…  ->  01 0000000000000000 00000000692A3C1E
// The issuer is the tenant's and is not stored.
#pragma once

#include <string>
#include <string_view>

#include "broker/tokens/verifier/revocation.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::tokens {

struct StoredRevocation {
  std::string tenant;
  Revocation revocation;  // with an empty issuer
};

std::string revocation_key(std::string_view tenant, const Revocation& revocation);
std::string encode_revocation(const Revocation& revocation);
// Corrupt or SchemaTooNew.
Result<StoredRevocation> decode_revocation(std::string_view key, Bytes value);

}  // namespace claviger::tokens
