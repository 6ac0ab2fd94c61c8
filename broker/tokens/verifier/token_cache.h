// The tokens whose signature and form have been verified, by digest of their bytes: what makes a token seen before cost
// a look-up instead of a signature.
//
// Owned by one Verifier, on its shard. Memory is fixed at the start. Knows nothing of keys, clocks and revocation:
// whether a found entry still holds is the Verifier's question, asked on every hit.
//
// Layout: an array of one-byte tags and an array of 64-byte entries, one cache line each, in groups of 16. A digest's
// high half names its home group, its low byte its tag; a look-up compares 16 tags at once and then, nearly always,
// touches the one line it wants: one cache miss. Each digest prefers two places of its home group, so that their lines
// are asked for before the tags have told. A group without a vacant place sends newcomers to the next, at most
// kGroupsProbedMax of them. Places are never vacated singly, so the first vacant tag ends every search.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "broker/tokens/verifier/huge_memory.h"
#include "broker/tokens/verifier/mc_service.h"
#include "core/base/result.h"
#include "core/crypto/universal_hash.h"

namespace claviger::tokens {

// What a token's bytes are known by: their universal hash under a key that nobody outside the process knows. Two tokens
// share it with probability of about length / 16 in 2^128, whoever chose them, so equal digests stand for equal tokens.
using TokenDigest = crypto::Hash128;

// What a later use of the same token must be compared with. Digests of names are keyed (RevocationSet, Verifier);
// where only 32 bits of one are kept, a match means "look closer", never "accept" or "refuse".
struct alignas(64) CachedToken {
  TokenDigest digest;
  std::uint64_t scopes = 0;            // bit per scope of the verifier's vocabulary
  std::uint64_t identity = 0;          // digest of the identity for identity_service
  std::uint32_t audiences = 0;         // bit per audience of the verifier's vocabulary
  std::uint32_t expires = 0;           // exp in seconds since 1970
  std::uint32_t key_serial = 0;        // the key that signed it: KeyRing
  std::uint32_t revocation_epoch = 0;  // of the last look into the revocation set that found nothing
  std::uint32_t jti = 0;
  std::uint32_t sid = 0;
  std::uint32_t subject = 0;
  McService identity_service = McService::None;
  bool is_bound = false;   // has a cnf claim
  bool is_early = false;   // its iat or nbf lay ahead of our clock, within the leeway
  bool is_recent = false;  // used since the clock hand came by; the cache's own
};
static_assert(sizeof(CachedToken) == 64);

// Up to 1.4 GB; a node of ten million subscribers holds that many live tokens only if all are in service at once.
inline constexpr std::size_t kCachedTokensMax = std::size_t{1} << 24U;

class TokenCache {
 public:
  // Room for at least `tokens`. OutOfRange for 0 or more than kCachedTokensMax; NoSpace.
  static Result<TokenCache> create(std::size_t tokens);

  // Ask for the lines that find() will read: of several tokens first all tags, then all entries.
  void prefetch_tags(const TokenDigest& digest) const;
  void prefetch_entry(const TokenDigest& digest) const;
  // nullptr, or the entry, which stays valid and where it is until the next insert().
  CachedToken* find(const TokenDigest& digest);
  // Replaces the entry of the same digest; else takes a vacant place; else one that expired before `now`; else one that
  // was not used since the clock hand came by. True when a live entry had to go.
  bool insert(const CachedToken& token, std::int64_t now);
  void clear();

  // Entries present, expired ones included.
  std::size_t size() const { return size_; }
  std::size_t places() const { return groups_ * kGroupPlaces; }
  std::size_t bytes() const { return entry_memory_.size() + tag_memory_.size(); }

 private:
  static constexpr std::size_t kGroupPlaces = 16;
  // At a load of 5/7 nearly every token stands in its home group or the next; at 8 full groups in a row we evict.
  static constexpr std::size_t kGroupsProbedMax = 8;

  std::size_t home_of(const TokenDigest& digest) const;
  static std::size_t preferred_in(const TokenDigest& digest);
  static std::size_t place_in(const TokenDigest& digest, std::uint32_t vacant);
  std::size_t next_of(std::size_t group) const { return group + 1 == groups_ ? 0 : group + 1; }
  CachedToken& victim_of(std::size_t group, std::int64_t now, bool& was_live);

  std::size_t groups_ = 0;
  std::size_t size_ = 0;
  std::uint8_t* tags_ = nullptr;  // 0: vacant
  CachedToken* entries_ = nullptr;
  std::uint32_t hand_ = 0;
  HugeMemory tag_memory_;
  HugeMemory entry_memory_;
};

}  // namespace claviger::tokens
