#include "broker/tokens/verifier/verifier.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "broker/tokens/verifier/claim_checks.h"
#include "core/base/assert.h"
#include "core/crypto/random.h"

namespace claviger::tokens {
namespace {

constexpr std::array<std::string_view, 1> kAccessTokenTypes{kAccessTokenType};
// Bits of CachedToken.
static_assert(kMcIdMax <= NameHash::kNameMax);
constexpr std::size_t kScopesMax = 64;
constexpr std::size_t kAudiencesMax = 32;
// Signatures after which a table pays for the milliseconds of building it.
constexpr std::uint32_t kUsesBeforeTable = 256;

// The seed is one key for tokens, one for the names in revocations, one for identities.
Secret<crypto::kUniversalHashKeyBytes> key_from(const Secret<kVerifierSeedBytes>& seed, std::size_t number) {
  constexpr std::size_t kBytes = crypto::kUniversalHashKeyBytes;
  Secret<kBytes> key;
  std::memcpy(key.reveal_for_writing().data(), seed.reveal().data() + number * kBytes, kBytes);
  return key;
}
static_assert(kVerifierSeedBytes == 3 * crypto::kUniversalHashKeyBytes);

std::uint32_t low_half(RevocationDigest digest) { return static_cast<std::uint32_t>(digest); }

}  // namespace

Verifier::Verifier(crypto::UniversalHash hash, NameHash names, NameHash identities, std::size_t revocations_max)
    : hash_(std::move(hash)),
      identities_(std::move(identities)),
      revocations_(std::move(names), revocations_max),
      scopes_(kScopesMax),
      audiences_(kAudiencesMax),
      reader_(std::make_unique<JwsReader>()) {}

Result<Verifier> Verifier::create(VerifierOptions options) {
  if (options.seed.equals(std::array<std::byte, kVerifierSeedBytes>{})) {
    CLAVIGER_TRY(drawn, crypto::fill_random(options.seed.reveal_for_writing()));
  }
  std::array<Secret<crypto::kUniversalHashKeyBytes>, 3> keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = key_from(options.seed, i);
    // Under the key zero all tokens have one digest, and any would pass for one seen before.
    if (keys[i].equals(std::array<std::byte, crypto::kUniversalHashKeyBytes>{})) {
      return Error{Code::KeyWeak, "verifier.seed"};
    }
  }
  Verifier verifier{crypto::UniversalHash(keys[0]), NameHash(keys[1]), NameHash(keys[2]), options.revocations_max};
  if (options.cached_tokens != 0) {
    CLAVIGER_TRY(cache, TokenCache::create(options.cached_tokens));
    verifier.cache_ = std::move(cache);
  }
  return verifier;
}

Result<VerificationPolicy> Verifier::make_policy(PolicyOptions options) {
  if (options.issuers.empty()) return Error{Code::ConfigMissing, "policy.issuers"};
  if (options.audiences.empty() && !options.any_audience) return Error{Code::ConfigMissing, "policy.audiences"};
  if (options.leeway < Seconds{0} || options.leeway > kLeewayMax) return Error{Code::ConfigValue, "policy.leeway"};
  VerificationPolicy policy;
  for (const std::string& issuer : options.issuers) {
    CLAVIGER_TRY(index, ring_.index_of(issuer));
    policy.issuers_.push_back(index);
    for (std::size_t i = tags_.size(); i < ring_.issuers(); ++i) {
      tags_.push_back(revocations_.issuer_tag(ring_.name_of(static_cast<IssuerIndex>(i))));
    }
  }
  const auto learn = [&policy](Vocabulary& vocabulary, const std::string& name) {
    const auto bit = vocabulary.learn(name);
    if (!bit) policy.needs_claims_ = true;
    return bit.value_or(0);
  };
  for (const std::string& audience : options.audiences) policy.audience_bits_ |= learn(audiences_, audience);
  for (const std::string& scope : options.scopes_all) policy.scope_all_bits_ |= learn(scopes_, scope);
  for (const std::string& scope : options.scopes_any) policy.scope_any_bits_ |= learn(scopes_, scope);
  policy.leeway_ = options.leeway.count();
  policy.options_ = std::move(options);
  return policy;
}

Result<Unit> Verifier::set_keys(std::shared_ptr<const KeySet> keys) {
  CLAVIGER_TRY(replaced, ring_.replace(keys));
  CLAVIGER_TRY(issuer, ring_.index_of(keys->issuer()));
  key_digests_.resize(kLiveKeysMax);
  const std::uint64_t tag = revocations_.issuer_tag(keys->issuer());
  for (const KeySet::Key& key : keys->keys()) {
    const auto found = ring_.find(issuer, key.kid);
    CLAVIGER_ASSERT(found.has_value());
    key_digests_[found->live->serial % kLiveKeysMax] = revocations_.digest_of(RevocationKind::Key, tag, key.kid);
  }
  return Unit{};
}

Result<Verified> Verifier::verify(std::string_view token, const VerificationPolicy& policy,
                                  const Presentation& presentation) {
  // Too long a token is not even hashed; split_compact() refuses it.
  const bool is_hashed = cache_ && token.size() <= kTokenBytesMax;
  return verify_hashed(token, is_hashed ? hash_(as_bytes(token)) : TokenDigest{}, policy, presentation);
}

void Verifier::verify_many(std::span<const VerifyRequest> requests, std::span<Result<Verified>> results) {
  CLAVIGER_ASSERT(requests.size() == results.size());
  std::array<TokenDigest, kVerifyLanes> digests;
  for (; !requests.empty();) {
    const std::size_t count = std::min(requests.size(), kVerifyLanes);
    for (std::size_t i = 0; i < count && cache_; ++i) {
      if (requests[i].token.size() > kTokenBytesMax) continue;
      digests[i] = hash_(as_bytes(requests[i].token));
      cache_->prefetch_tags(digests[i]);
    }
    for (std::size_t i = 0; i < count && cache_; ++i) {
      if (requests[i].token.size() <= kTokenBytesMax) cache_->prefetch_entry(digests[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const VerifyRequest& request = requests[i];
      results[i] = verify_hashed(request.token, digests[i], *request.policy, request.presentation);
      if (results[i]) results[i]->claims = nullptr;  // the next token's will stand in the same place
    }
    requests = requests.subspan(count);
    results = results.subspan(count);
  }
}

Result<Verified> Verifier::verify_hashed(std::string_view token, const TokenDigest& digest,
                                         const VerificationPolicy& policy, const Presentation& presentation) {
  Result<Verified> verdict = [&]() -> Result<Verified> {
    CachedToken* known = cache_ && token.size() <= kTokenBytesMax ? cache_->find(digest) : nullptr;
    const Standing standing = known == nullptr ? Standing::Unknown : standing_of(*known, policy, presentation);
    switch (standing) {
      case Standing::Holds:
        ++counters_.hits;
        return Verified{digest, known->expires, nullptr};
      case Standing::LookCloser:
        ++counters_.reads;
        return verify_known(token, *known, policy, presentation);
      case Standing::Unknown:
        break;
    }
    ++counters_.misses;
    return verify_unknown(token, digest, policy, presentation);
  }();
  if (!verdict) ++counters_.refusals;
  return verdict;
}

// Holds only if judge() would accept; refusals and doubts are left to it.
Verifier::Standing Verifier::standing_of(CachedToken& known, const VerificationPolicy& policy,
                                         const Presentation& presentation) const {
  const KeyRing::LiveKey* key = ring_.live(known.key_serial);
  if (key == nullptr || !policy.options_.algorithms.contains(key->algorithm)) return Standing::Unknown;
  if (std::find(policy.issuers_.begin(), policy.issuers_.end(), key->issuer) == policy.issuers_.end()) {
    return Standing::Unknown;
  }

  const std::int64_t now = presentation.now;
  if (policy.needs_claims_ || known.is_early || now < latest_entry_) return Standing::LookCloser;
  if (known.is_bound && !policy.options_.ignores_binding) return Standing::LookCloser;
  if (policy.options_.requires_binding || presentation.key != nullptr) return Standing::LookCloser;
  if (!policy.options_.any_audience && (known.audiences & policy.audience_bits_) == 0) return Standing::LookCloser;
  if (now >= known.expires + policy.leeway_) return Standing::LookCloser;
  if (known.revocation_epoch != revocations_.epoch()) {
    if (revocations_.may_be_revoked(known.jti, known.sid, known.subject)) return Standing::LookCloser;
    if (revocations_.is_key_revoked(key_digests_[known.key_serial % kLiveKeysMax])) return Standing::LookCloser;
    known.revocation_epoch = revocations_.epoch();
  }
  if ((known.scopes & policy.scope_all_bits_) != policy.scope_all_bits_) return Standing::LookCloser;
  if (policy.scope_any_bits_ != 0 && (known.scopes & policy.scope_any_bits_) == 0) return Standing::LookCloser;
  if (policy.options_.identity != McService::None) {
    if (known.identity_service != policy.options_.identity) return Standing::LookCloser;
    const std::string_view identity = presentation.identity;
    if (identity.size() > kMcIdMax) return Standing::LookCloser;
    if (!identity.empty() && identity_digest(identity) != known.identity) return Standing::LookCloser;
  }
  return Standing::Holds;
}

Result<Verified> Verifier::verify_unknown(std::string_view token, const TokenDigest& digest,
                                          const VerificationPolicy& policy, const Presentation& presentation) {
  // 1 to 5. Size, segments, header, crit, algorithm.
  CLAVIGER_TRY(opened, reader_->open(token, policy.options_.algorithms));
  // 6. The key, by its name in the expected issuer's set, and only for its own algorithm.
  CLAVIGER_TRY(issuer, issuer_of(opened.parts.payload, policy));
  const auto key = ring_.find(issuer, opened.header->kid.view());
  if (!key) return Error{Code::TokenKeyUnknown, "jws.kid"};
  // 7. The signature.
  CLAVIGER_TRY(signature, reader_->check_signature(opened, key->key->key));
  if (key->live->uses != std::numeric_limits<std::uint32_t>::max()) ++key->live->uses;
  // 8. The type.
  CLAVIGER_TRY(type, check_type(*opened.header, kAccessTokenTypes));
  // 9. The claims, and what they are asked.
  CLAVIGER_TRY(claims, reader_->read_payload(opened.parts.payload));
  CLAVIGER_TRY(judged, judge(*claims, *key->live, digest, policy, presentation));
  return Verified{digest, *claims->expires, claims};
}

Result<Verified> Verifier::verify_known(std::string_view token, const CachedToken& known,
                                        const VerificationPolicy& policy, const Presentation& presentation) {
  const KeyRing::LiveKey key = *ring_.live(known.key_serial);
  const TokenDigest digest = known.digest;  // the entry may move when it is written again
  CLAVIGER_TRY(parts, split_compact(token));
  CLAVIGER_TRY(claims, reader_->read_payload(parts.payload));
  CLAVIGER_TRY(judged, judge(*claims, key, digest, policy, presentation));
  return Verified{digest, *claims->expires, claims};
}

// One expected issuer is the rule. With several the token says which it claims to be from; that only chooses the keys
// it is tried with, and step 10 compares again.
Result<IssuerIndex> Verifier::issuer_of(std::string_view payload, const VerificationPolicy& policy) {
  if (policy.issuers_.size() == 1) return policy.issuers_.front();
  CLAVIGER_TRY(claims, reader_->read_payload(payload));
  for (const IssuerIndex index : policy.issuers_) {
    if (ring_.name_of(index) == claims->issuer) return index;
  }
  return Error{Code::TokenIssuer, "jwt.iss"};
}

// Steps 10 to 17.
Result<Unit> Verifier::judge(const Claims& claims, const KeyRing::LiveKey& key, const TokenDigest& digest,
                             const VerificationPolicy& policy, const Presentation& presentation) {
  const PolicyOptions& options = policy.options_;
  CLAVIGER_TRY(issuer, check_issuer(claims, ring_.name_of(key.issuer)));  // 10
  if (!options.any_audience) {
    CLAVIGER_TRY(audience, check_audience(claims, options.audiences));  // 11
  }
  CLAVIGER_TRY(times, check_times(claims, presentation.now, policy.leeway_));  // 12
  CLAVIGER_TRY(form, check_access_token_form(claims));                         // 13

  // What stands above makes a token worth remembering; what follows depends on the hour and on the request.
  const std::uint64_t tag = tags_[key.issuer];
  const RevocableNames names{revocations_.digest_of(RevocationKind::Jti, tag, claims.jti),
                             revocations_.digest_of(RevocationKind::Sid, tag, claims.sid),
                             revocations_.digest_of(RevocationKind::Subject, tag, claims.subject),
                             key_digests_[key.serial % kLiveKeysMax]};
  const bool is_revoked = revocations_.is_revoked(names, *claims.issued_at);
  if (cache_) remember(claims, key, digest, names, is_revoked, policy, presentation.now);

  if (is_revoked) return Error{Code::TokenRevoked, "jwt"};  // 14
  if (!options.ignores_binding) {
    CLAVIGER_TRY(binding, check_binding(claims, presentation, options.requires_binding));  // 15
  }
  CLAVIGER_TRY(scopes, check_scopes(claims, options.scopes_all, options.scopes_any));       // 16
  CLAVIGER_TRY(identity, check_identity(claims, options.identity, presentation.identity));  // 17
  return Unit{};
}

void Verifier::remember(const Claims& claims, const KeyRing::LiveKey& key, const TokenDigest& digest,
                        const RevocableNames& names, bool is_revoked, const VerificationPolicy& policy,
                        std::int64_t now) {
  if (*claims.expires > std::numeric_limits<std::uint32_t>::max()) return;  // beyond 2106: no token of ours
  CachedToken token;
  token.digest = digest;
  token.scopes = scopes_.bits_of(claims.scope);
  claims.audiences.for_each(
      [&](std::string_view audience) { token.audiences |= static_cast<std::uint32_t>(audiences_.bit_of(audience)); });
  token.expires = static_cast<std::uint32_t>(*claims.expires);
  token.key_serial = key.serial;
  // One behind makes the next hit look again.
  token.revocation_epoch = is_revoked ? revocations_.epoch() - 1 : revocations_.epoch();
  token.jti = low_half(names.jti);
  token.sid = low_half(names.sid);
  token.subject = low_half(names.subject);
  token.is_bound = claims.confirmation.has_value();
  token.is_early = *claims.issued_at > now || claims.not_before.value_or(0) > now;
  token.identity_service = policy.options_.identity;
  if (const std::string_view identity = claims.mc_id(token.identity_service); !identity.empty()) {
    token.identity = identity_digest(identity);
  } else {
    token.identity_service = McService::None;
  }
  if (cache_->insert(token, now - kLeewayMax.count())) ++counters_.evictions;
  latest_entry_ = std::max(latest_entry_, now);
}

const Claims& Verifier::decode_verified(std::string_view token, const Verified& verified) {
  if (verified.claims != nullptr) return *verified.claims;
  CLAVIGER_ASSERT(cache_ && hash_(as_bytes(token)) == verified.digest);
  const Result<CompactToken> parts = split_compact(token);
  CLAVIGER_ASSERT(parts.has_value());
  const Result<const Claims*> claims = reader_->read_payload(parts->payload);
  return **claims;  // asserts
}

Result<VerifiedJws> Verifier::verify_jws(std::string_view token, const JwsRules& rules) {
  CLAVIGER_TRY(opened, reader_->open(token, rules.algorithms));
  const KeySet::Key* key = rules.keys == nullptr ? nullptr : rules.keys->find(opened.header->kid.view());
  if (key == nullptr) return Error{Code::TokenKeyUnknown, "jws.kid"};
  CLAVIGER_TRY(signature, reader_->check_signature(opened, key->key));
  CLAVIGER_TRY(type, check_type(*opened.header, rules.types, rules.typ_may_be_absent));
  CLAVIGER_TRY(claims, reader_->read_payload(opened.parts.payload));
  return VerifiedJws{key->kid, claims};
}

std::optional<TableWish> Verifier::table_wish() const { return ring_.wanting_table(kUsesBeforeTable); }

}  // namespace claviger::tokens
