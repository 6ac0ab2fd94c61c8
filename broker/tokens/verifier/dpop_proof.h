// A DPoP proof: the sender of a request holds the key that its access token is bound to (RFC 9449 clauses 4.2, 4.3).
//
// Pure function of its arguments; reader and context are the shard's. A server that embeds the Verifier calls this first
// and hands `key` on in Presentation::key. What is left to the caller: exactly one DPoP header was there, `id` was never
// seen before (remembered for kDpopAgeMax + kDpopAheadMax), and `nonce` is one that it gave out, if it gives out any.
//
// What costs nothing is looked at first: a signature is verified for a proof that fits its request, here and now, and only
// by keys that verify quickly.
//
// The only place where a key that comes along is used, and only to show that its holder sent this: it earns no trust, it
// is compared with the thumbprint in the token (RFC 8725 clause 3.10 is about keys that are believed).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "broker/tokens/verifier/claims.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/codec/json_reader.h"
#include "core/crypto/verify_key.h"

namespace claviger::tokens {

inline constexpr std::string_view kDpopType = "dpop+jwt";
inline constexpr std::string_view kDpopAlgorithms = "ES256 EdDSA RS256";
// iat lies at most this far back, and this far ahead: clocks differ (TS 33.180 clause B.2).
inline constexpr Seconds kDpopAgeMax{60};
inline constexpr Seconds kDpopAheadMax{30};
inline constexpr std::size_t kDpopNonceMax = 256;
// Of an RSA key that comes along: more would cost us milliseconds a request, and the exponent is 65537.
inline constexpr std::size_t kDpopRsaBitsMax = 4096;

struct DpopTools {
  codec::JsonReader& reader;
  crypto::VerifyContext& context;
};

struct DpopExpectation {
  std::string_view method;        // htm
  std::string_view url;           // of the request as its sender knows it; query and fragment do not count
  std::string_view access_token;  // shown with the proof, then ath must be its hash; empty: none (token endpoint)
  std::int64_t now = 0;           // NumericDate
  // Whether a nonce (empty: none) is one that was given out; asked before the signature. Unset: none is wanted.
  std::function<bool(std::string_view nonce)> is_current_nonce = {};
};

struct DpopProof {
  Confirmation::Thumbprint key{};  // RFC 7638 with SHA-256: what a token's cnf.jkt says
  std::array<std::byte, 32> id{};  // of this proof among all of all keys: SHA-256(key jti)
  std::string nonce;               // empty: none
  std::int64_t issued_at = 0;
};

// DpopInvalid, whatever is wrong; `where` says what, for the log. DpopNonce when is_current_nonce says no.
Result<DpopProof> read_dpop_proof(DpopTools tools, std::string_view proof, const DpopExpectation& expected);

// Scheme and host without case, a port that the scheme implies is none, the path as it is, up to the query (RFC 9449
// clause 4.3 item 9; RFC 3986 clauses 6.2.2 and 6.2.3 as far as they concern URIs of servers).
bool is_same_htu(std::string_view htu, std::string_view url);

}  // namespace claviger::tokens
