// An authorization code that was given out (RFC 6749 clause 4.1.2, TS 33.180 clause B.4.2.3) and all it is bound to.
//
// Record of tables::kCodes, key tenant + hexadecimal SHA-256 of the code: the code itself is not kept. Written at
// sign-in, changed once, at redemption. Home shard: home_of("code/" tenant "/" digest). A code lives for
// lifetimes.authorization_code; its record stays kRedeemedCodeKept after a redemption, with the session that came of
// it, so that a second redemption is recognised and ends that session.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/ue_naming.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::identity {

// A stolen code is tried at once or not at all; ten minutes also cover what clients retry by themselves.
inline constexpr Seconds kRedeemedCodeKept{600};

struct AuthorizationCode {
  std::string digest;  // 64 hexadecimal characters; the key
  std::string client_id;
  std::string redirect_uri;  // as requested
  std::string sub;
  std::vector<std::string> scopes;        // granted
  std::array<std::byte, 32> challenge{};  // SHA-256 of the verifier (RFC 7636)
  std::string nonce;
  std::string acr;
  std::vector<std::string> amr;
  std::int64_t auth_time = 0;
  std::string source;  // address of the sign-in, for the operator's eyes only
  std::int64_t expires_at = 0;
  std::string session;         // sid of the redemption; empty: not redeemed yet
  std::string dpop_key;        // 32 bytes: thumbprint of the one key that may redeem it (RFC 9449 clause 10); or empty
  std::uint64_t version = 0;   // of the record; not stored in it
  UeName ue;                   // on which the user signed in
  std::uint32_t claims = 0;    // asked for one by one, and his: requested_claims.h
  std::int64_t issued_at = 0;  // NumericDate
};

std::string code_key(std::string_view tenant, std::string_view digest);
std::string encode_code(const AuthorizationCode& code);
Result<AuthorizationCode> decode_code(const storage::Value& value, std::string_view digest);

}  // namespace claviger::identity
