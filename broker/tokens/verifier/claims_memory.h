// The claims of tokens in use, as they were parsed: what makes a token seen before cost no JSON when its claims are asked for.
//
// Stands beside a Verifier, on its shard, and knows tokens by the digest that verify() returns: equal digests stand for
// equal tokens (token_cache.h), so for equal claims. It says nothing about whether a token is good: verify() is asked
// first, each time. No token can be made of what is in here, signatures are not.
//
// Layout: sets of four digests, one cache line each, and for each digest a place of kPlaceBytes with the claims, their
// document and its text. What does not fit is parsed anew each time. Memory is fixed at the start, at most
// kClaimsPlacesMax * (kPlaceBytes + 16) = 24 MiB, and taken from the system when first written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "broker/tokens/verifier/claims.h"
#include "broker/tokens/verifier/huge_memory.h"
#include "broker/tokens/verifier/token_cache.h"
#include "core/base/result.h"

namespace claviger::tokens {

// Tokens whose requests need claims (keys, profiles, userinfo) come in bursts from the users who are busy at the moment.
inline constexpr std::size_t kClaimsPlacesMax = 8192;

class ClaimsMemory {
 public:
  // One place for every kTokensEach tokens of the cache, in bounds. NoSpace.
  static Result<ClaimsMemory> create(std::size_t cached_tokens);

  // nullptr, or the claims: they stay where they are until the next remember().
  const Claims* find(const TokenDigest& digest);
  // A copy of `claims`. In place of the digest's own, else of a vacant place, else of one that
  // was not asked for since the last newcomer. nullptr: too large.
  const Claims* remember(const TokenDigest& digest, const Claims& claims);

  std::size_t places() const { return sets_ * kSetPlaces; }
  std::size_t bytes() const { return digest_memory_.size() + place_memory_.size() + marks_.size(); }

 private:
  static constexpr std::size_t kSetPlaces = 4;
  static constexpr std::size_t kTokensEach = 16;
  // An MC user's token: 300 bytes of claims, 450 of tape, 500 of strings, 470 of text.
  static constexpr std::size_t kPlaceBytes = 3072;
  struct alignas(64) DigestSet {
    TokenDigest digests[kSetPlaces];  // zero: vacant
  };

  std::size_t set_of(const TokenDigest& digest) const;
  std::byte* place(std::size_t set, std::size_t way) const {
    return place_memory_.data() + (set * kSetPlaces + way) * kPlaceBytes;
  }
  std::size_t victim_in(std::size_t set, const TokenDigest& digest);

  std::size_t sets_ = 0;
  DigestSet* digests_ = nullptr;
  std::vector<std::uint8_t> marks_;  // a set's recently used ways
  HugeMemory digest_memory_;
  HugeMemory place_memory_;
};

}  // namespace claviger::tokens
