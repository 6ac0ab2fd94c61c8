// A client's signed statement of who it is: private_key_jwt (RFC 7523 clauses 2.2 and 3, OIDC Core clause 9).
//
// Pure functions of their arguments; the reader and the verify context are the shard's. Whether a jti was used before
// is for the caller, who has the store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/codec/json_reader.h"
#include "core/crypto/jwk.h"

namespace claviger::identity {

inline constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
// exp lies at most this far ahead: for so long jti values are kept.
inline constexpr Seconds kAssertionLifeMax{300};
inline constexpr Seconds kAssertionLeeway{30};

struct AssertionTools {
  codec::JsonReader& reader;
  crypto::VerifyContext& context;
};
struct AssertionExpectation {
  std::string_view client_id;       // iss and sub
  std::string_view issuer;          // aud contains this
  std::string_view token_endpoint;  // or this
  std::string_view asked_endpoint;  // or this: where the request went (RFC 9126 clause 2, for /par); empty: none
  std::int64_t now = 0;             // NumericDate
};
struct VerifiedAssertion {
  std::string jti;
  std::int64_t expires_at = 0;
};

// `sub` of an assertion nobody has verified: only to find the client whose keys will. ClientAssertionInvalid.
Result<std::string> unverified_client_id(AssertionTools tools, std::string_view assertion);
// ClientAssertionInvalid, whatever is wrong with it.
Result<VerifiedAssertion> verify_assertion(AssertionTools tools, std::string_view assertion, const crypto::JwkSet& keys,
                                           const AssertionExpectation& expected);

}  // namespace claviger::identity
