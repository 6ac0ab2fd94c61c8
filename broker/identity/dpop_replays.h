// DPoP proofs that were used, at their home shard: each is good once (RFC 9449 clause 11.1).
//
// In memory: a restart forgets them, and refuses the nonces that they carried (dpop_nonce.h). Two generations of equal
// length; an id is kept for one to two of them. Full: everybody is refused rather than anything forgotten. Anybody makes
// proofs by himself, so a source gets a share of the room that is left: to fill it, some hundreds must work together. One
// shard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "broker/tokens/verifier/dpop_proof.h"
#include "core/base/result.h"

namespace claviger::identity {

class DpopReplays {
 public:
  // First bytes of a keyed MAC of the proof's id: nobody can aim at a bucket.
  using Id = std::array<std::byte, 16>;
  // A proof stays acceptable for as long as this.
  static constexpr std::int64_t kGeneration = (tokens::kDpopAgeMax + tokens::kDpopAheadMax).count();
  using Source = std::uint64_t;
  // Of each generation: at 40 bytes some 20 MiB a shard, for 5 000 proofs a second.
  static constexpr std::size_t kEntriesMax = 450'000;
  // Of the room that is left at the moment: a gateway with ten thousand UEs behind it, refreshing every five minutes,
  // makes 3 000 proofs in a generation, over all shards.
  static constexpr std::size_t kShareOfSource = 32;
  // Yet so many while there is room at all: one UE's.
  static constexpr std::size_t kProofsOfSourceMin = 64;

  explicit DpopReplays(std::size_t entries_max = kEntriesMax) : entries_max_(entries_max) {}

  // DpopReplayed; Overload when full, or when the source has had its share.
  Result<Unit> remember(const Id& id, Source source, std::int64_t now);
  std::size_t size() const { return present_.size() + past_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const Id& id) const {
      std::size_t hash = 0;
      std::memcpy(&hash, id.data(), sizeof hash);
      return hash;
    }
  };
  std::size_t entries_max_;
  std::int64_t begun_at_ = 0;
  std::unordered_set<Id, Hash> present_;
  std::unordered_set<Id, Hash> past_;
  std::unordered_map<Source, std::size_t> proofs_of_;  // in the present generation
};

}  // namespace claviger::identity
