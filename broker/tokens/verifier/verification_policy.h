// What a server demands of the access tokens it is shown, and what a request brings along besides its token.
//
// A VerificationPolicy is made once per kind of operation by Verifier::make_policy() and then only read: it belongs to
// that Verifier and its shard. Presentation is a value made for one request.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "broker/tokens/verifier/claims.h"
#include "broker/tokens/verifier/key_ring.h"
#include "broker/tokens/verifier/mc_service.h"
#include "core/base/clock.h"
#include "core/crypto/signature_algorithm.h"

namespace claviger::tokens {

// TS 33.180 clause B.2: the tolerance for clocks that differ is at most this.
inline constexpr Seconds kLeewayMax{30};

// The types that are access tokens (RFC 9068 clause 2.1); "application/at+jwt" is the same.
inline constexpr std::string_view kAccessTokenType = "at+jwt";

class AlgorithmSet {
 public:
  constexpr AlgorithmSet() = default;
  constexpr AlgorithmSet(std::initializer_list<crypto::SignatureAlgorithm> algorithms) {
    for (const auto algorithm : algorithms) bits_ |= 1U << static_cast<unsigned>(algorithm);
  }
  static constexpr AlgorithmSet all() {
    return {crypto::SignatureAlgorithm::Es256, crypto::SignatureAlgorithm::EdDsa, crypto::SignatureAlgorithm::Rs256};
  }
  constexpr bool contains(crypto::SignatureAlgorithm algorithm) const {
    return (bits_ >> static_cast<unsigned>(algorithm) & 1U) != 0;
  }

 private:
  unsigned bits_ = 0;
};

struct PolicyOptions {
  // Whose tokens. With several, the token's own iss says, before anything is believed, whose keys to try.
  std::vector<std::string> issuers;
  // Our identifiers: one of them must be in aud.
  std::vector<std::string> audiences;
  // Only for those who compare aud themselves, such as introspection, which asks it for its caller.
  bool any_audience = false;
  AlgorithmSet algorithms = AlgorithmSet::all();
  Seconds leeway = kLeewayMax;
  // Each of these, and one of those (when there are any), must be among the token's scopes.
  std::vector<std::string> scopes_all;
  std::vector<std::string> scopes_any;
  // The token must carry the user's identity for this service.
  McService identity = McService::None;
  // Bearer tokens without cnf are refused.
  bool requires_binding = false;
  // For whoever asks about a token that another holds: introspection and the token's own issuer do not compare cnf,
  // they pass it on.
  bool ignores_binding = false;
};

class VerificationPolicy {
 public:
  const PolicyOptions& options() const { return options_; }

 private:
  friend class Verifier;
  PolicyOptions options_;
  std::vector<IssuerIndex> issuers_;  // in the order of options_.issuers
  std::int64_t leeway_ = 0;
  // What a cached token is asked with. A name that found no bit makes it look into the claims every time.
  std::uint64_t audience_bits_ = 0;
  std::uint64_t scope_all_bits_ = 0;
  std::uint64_t scope_any_bits_ = 0;
  bool needs_claims_ = false;
};

struct Presentation {
  std::int64_t now = 0;  // seconds since 1970, from the shard's clock: numeric_date()
  // The MC service identity that the request claims (SIP From, mcptt-request); empty: it claims none.
  std::string_view identity;
  // SHA-256 of the client certificate of the connection; of the key of a DPoP proof that the caller has verified.
  const Confirmation::Thumbprint* certificate = nullptr;
  const Confirmation::Thumbprint* key = nullptr;
};

}  // namespace claviger::tokens
