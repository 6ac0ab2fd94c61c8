// The revocations that are in force, by keyed digest: asked for every token, cached or not.
//
// One per shard, owned by the shard's Verifier and fed by deltas; not for two threads. Names are kept only as digests
// under a key of the process: 24 bytes an entry, and nobody can choose names that collide.
//
// A revocation is never forgotten before it expires. When kRevocationsMax are in force the next one does not fit, and
// the set fails closed: from then on every token issued before that moment counts as revoked, until the revocations
// that did not fit have expired. Tokens issued later are judged as before.
//
// The digests are spread over segments that grow and shrink one at a time, so that no call takes longer than a sweep
// over one segment (4096 entries when full).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "broker/tokens/verifier/name_hash.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/base/result.h"

namespace claviger::tokens {

// What the set knows a revocable name by. Zero stands for "the token has no such claim".
using RevocationDigest = std::uint64_t;

// In force at one time: with access tokens of at most an hour this is 1100 revocations a second. 24 bytes each, at
// most half of the places filled: 200 MB a shard.
inline constexpr std::size_t kRevocationsMax = std::size_t{1} << 22U;
// Tokens live on for the leeway after exp, so revocations must (TS 33.180 clause B.2: at most 30 s).
inline constexpr std::int64_t kRevocationGrace = 30;

// `key` is that of the token's signature, under its kid.
struct RevocableNames {
  RevocationDigest jti = 0;
  RevocationDigest sid = 0;
  RevocationDigest subject = 0;
  RevocationDigest key = 0;
};

class RevocationSet {
 public:
  explicit RevocationSet(NameHash hash, std::size_t entries_max = kRevocationsMax);

  // Names of one issuer never match those of another: the issuer's tag goes into each digest.
  std::uint64_t issuer_tag(std::string_view issuer) const;
  // `id` is at most kTokenIdMax long; an empty one gives 0.
  RevocationDigest digest_of(RevocationKind kind, std::uint64_t issuer_tag, std::string_view id) const;

  // Idempotent: a delta may come twice. TooMany when something did not fit and the set has failed closed; what did fit
  // is in force then, too.
  Result<Unit> apply(const RevocationDelta& delta, std::int64_t now);
  Result<Unit> apply(const Revocation& revocation, std::int64_t now);

  // Exact but for collisions of 64 bits under a secret key.
  bool is_revoked(const RevocableNames& names, std::int64_t issued_at) const;
  // Tokens of this subject with an iat before it are revoked; 0: none are.
  std::int64_t subject_not_before(std::string_view issuer, std::string_view subject) const;
  bool is_key_revoked(RevocationDigest key) const { return find(key) != nullptr; }
  // From the low halves of the digests: false is certain, true means "ask is_revoked".
  bool may_be_revoked(std::uint32_t jti, std::uint32_t sid, std::uint32_t subject) const;

  // Frees the places of what has expired, some segments at a time; call it about once a second. Changes no answer about
  // a token that is still valid.
  void expire(std::int64_t now);

  // Changes with every change that can turn an answer to true.
  std::uint32_t epoch() const { return epoch_; }
  // The sequence number to ask the feed for.
  std::uint64_t next() const { return next_; }
  std::size_t size() const { return size_; }
  // While this lies in the future of a token's iat, the token counts as revoked; 0: never failed closed.
  std::int64_t closed_before() const { return closed_before_; }

 private:
  struct Entry {
    RevocationDigest digest = 0;  // 0: vacant
    std::int64_t not_before = 0;  // 0 but for subjects
    std::int64_t expires = 0;
  };
  using Segment = std::vector<Entry>;  // of 0 or 2^n places, linear probing
  static constexpr std::size_t kSegments = 1024;
  static std::size_t segment_of(std::uint32_t low) { return low >> 22U; }
  const Entry* find(RevocationDigest digest) const;
  bool has_low(std::uint32_t low) const;
  static Entry& place_for(Segment& segment, RevocationDigest digest);
  void rebuild(std::size_t index, std::size_t places, std::int64_t now);
  void sweep(std::size_t index, std::int64_t now);
  bool has_room(std::int64_t now);
  void close(std::int64_t expires, std::int64_t now);
  void reopen(std::int64_t now);

  NameHash hash_;
  std::size_t entries_max_;
  std::size_t size_ = 0;
  std::uint64_t next_ = 0;
  std::uint32_t epoch_ = 1;
  std::size_t sweep_at_ = 0;
  std::int64_t closed_before_ = 0;
  std::int64_t closed_until_ = 0;  // when the last revocation that did not fit has expired
  std::array<Segment, kSegments> segments_;
  std::array<std::uint32_t, kSegments> used_{};
};

}  // namespace claviger::tokens
