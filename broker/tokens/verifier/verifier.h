// Validates tokens: the procedure of TS 33.180 clause B.11.2, RFC 7519 clause 7.2 and RFC 9068 clause 4, in the order of
// the numbered steps in verifier.cc, each refusal with a code of its own.
//
// One per shard or thread, and only used there: it owns the cache of verified tokens, the revocations, the trusted keys
// and all scratch space. Its host feeds it: key sets (set_keys), revocation deltas (revocations().apply), the time
// (Presentation::now). It opens no file and no socket, starts no thread, and allocates nothing once it is warm.
//
// A token seen before costs no signature: the cache says that these bytes were verified and with which key; expiry,
// revocation, audience, scope and identity are asked again, every time. What the entry cannot answer (a second
// audience, a bound token, any refusal) is answered from the claims, so that the verdict is the same as without a cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/tokens/verifier/claims.h"
#include "broker/tokens/verifier/jws_reader.h"
#include "broker/tokens/verifier/key_ring.h"
#include "broker/tokens/verifier/key_set.h"
#include "broker/tokens/verifier/name_hash.h"
#include "broker/tokens/verifier/revocation_set.h"
#include "broker/tokens/verifier/token_cache.h"
#include "broker/tokens/verifier/verification_policy.h"
#include "broker/tokens/verifier/vocabulary.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/universal_hash.h"

namespace claviger::tokens {

inline constexpr std::size_t kVerifierSeedBytes = 48;
// As many lanes as AVX-512 has for 64-bit integers.
inline constexpr std::size_t kVerifyLanes = 8;

struct VerifierOptions {
  // Keys the hashes of tokens and names: who knows it can make two tokens look the same. Left zero, create() draws it at
  // random; otherwise it must be as good as random.
  Secret<kVerifierSeedBytes> seed;
  // 91 bytes each. 0: no cache.
  std::size_t cached_tokens = std::size_t{1} << 16U;
  std::size_t revocations_max = kRevocationsMax;
};

// A token that was accepted. Its claims may not have been read: decode_verified() does, from the same bytes.
struct Verified {
  TokenDigest digest;  // zero without a cache
  std::int64_t expires = 0;
  // nullptr on a plain cache hit. Valid until the Verifier is asked again.
  const Claims* claims = nullptr;
};

// A JWT whose signature and type hold. Nothing was asked about its claims: claim_checks.h. Valid like Verified::claims.
struct VerifiedJws {
  std::string_view kid;
  const Claims* claims;
};

struct JwsRules {
  const KeySet* keys = nullptr;
  AlgorithmSet algorithms = AlgorithmSet::all();
  // Lower case, without "application/": "jwt", "logout+jwt".
  std::span<const std::string_view> types;
  bool typ_may_be_absent = false;
};

struct VerifyRequest {
  std::string_view token;
  const VerificationPolicy* policy;
  Presentation presentation;
};

struct VerifierCounters {
  std::uint64_t hits = 0;       // answered by the cache alone
  std::uint64_t reads = 0;      // known to the cache, claims read again
  std::uint64_t misses = 0;     // verified from scratch, with or without success
  std::uint64_t evictions = 0;  // live entries that had to make room
  std::uint64_t refusals = 0;
};

class Verifier {
 public:
  // OutOfRange for the cache's size; NoSpace; CryptoFailure without random bytes; KeyWeak for a seed that is zero in
  // part.
  static Result<Verifier> create(VerifierOptions options = {});
  Verifier(Verifier&&) noexcept = default;
  Verifier& operator=(Verifier&&) noexcept = default;

  // ConfigMissing without issuers, or without audiences unless any is accepted; ConfigValue for a leeway above
  // kLeewayMax; TooMany issuers. For a configuration, not for a request: names are kept for good.
  Result<VerificationPolicy> make_policy(PolicyOptions options);

  // In place of the issuer's former set. Tokens verified with a key that is in both stay known; those of a key that is
  // gone are not believed again.
  Result<Unit> set_keys(std::shared_ptr<const KeySet> keys);
  void remove_keys(std::string_view issuer) { ring_.remove(issuer); }
  RevocationSet& revocations() { return revocations_; }
  const RevocationSet& revocations() const { return revocations_; }

  // The codes named Token... in core/base/code.h. On TokenKeyUnknown the host may fetch the issuer's keys
  // (KeyRefreshLimiter) and ask again.
  Result<Verified> verify(std::string_view token, const VerificationPolicy& policy, const Presentation& presentation);
  // Each as verify() would, except that claims are nullptr; together they wait for memory once. `results` has as many
  // elements, whose values are replaced.
  void verify_many(std::span<const VerifyRequest> requests, std::span<Result<Verified>> results);
  // The claims of a token that verify() has just accepted: `verified` is what it returned for these very bytes
  // (asserted).
  const Claims& decode_verified(std::string_view token, const Verified& verified);
  // Steps 1 to 9 for a JWT of any other kind, under keys of the caller's choice. Never cached.
  Result<VerifiedJws> verify_jws(std::string_view token, const JwsRules& rules);

  // An ES256 key that has verified many signatures and has no table: the host builds it off the loop
  // (VerifyKey::build_table) and gives the set back (KeySet::with_table, set_keys). Ask about once a second.
  std::optional<TableWish> table_wish() const;

  const VerifierCounters& counters() const { return counters_; }
  std::size_t cached_tokens() const { return cache_ ? cache_->size() : 0; }

 private:
  enum class Standing : std::uint8_t { Holds, LookCloser, Unknown };

  Verifier(crypto::UniversalHash hash, NameHash names, NameHash identities, std::size_t revocations_max);

  Result<Verified> verify_hashed(std::string_view token, const TokenDigest& digest, const VerificationPolicy& policy,
                                 const Presentation& presentation);
  Result<Verified> verify_unknown(std::string_view token, const TokenDigest& digest, const VerificationPolicy& policy,
                                  const Presentation& presentation);
  Result<Verified> verify_known(std::string_view token, const CachedToken& known, const VerificationPolicy& policy,
                                const Presentation& presentation);
  std::uint64_t identity_digest(std::string_view identity) const { return identities_(0, 0, identity); }
  Standing standing_of(CachedToken& known, const VerificationPolicy& policy, const Presentation& presentation) const;
  Result<IssuerIndex> issuer_of(std::string_view payload, const VerificationPolicy& policy);
  Result<Unit> judge(const Claims& claims, const KeyRing::LiveKey& key, const TokenDigest& digest,
                     const VerificationPolicy& policy, const Presentation& presentation);
  void remember(const Claims& claims, const KeyRing::LiveKey& key, const TokenDigest& digest,
                const RevocableNames& names, bool is_revoked, const VerificationPolicy& policy, std::int64_t now);

  crypto::UniversalHash hash_;
  NameHash identities_;
  KeyRing ring_;
  std::vector<RevocationDigest> key_digests_;  // of the live keys' kids, by serial
  std::vector<std::uint64_t> tags_;  // RevocationSet::issuer_tag() by IssuerIndex, for all that policies name
  RevocationSet revocations_;
  Vocabulary scopes_;
  Vocabulary audiences_;
  std::optional<TokenCache> cache_;
  // The latest time at which an entry was written: before it an entry's iat and nbf may lie in the future again.
  std::int64_t latest_entry_ = 0;
  std::unique_ptr<JwsReader> reader_;
  VerifierCounters counters_;
};

}  // namespace claviger::tokens
