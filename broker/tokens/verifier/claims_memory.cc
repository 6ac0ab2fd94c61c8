#include "broker/tokens/verifier/claims_memory.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

#include "core/codec/json_copy.h"

namespace claviger::tokens {
namespace {

// A set's recent ways; all of them recent means none is.
constexpr std::uint8_t kAllWays = 0xF;

}  // namespace

Result<ClaimsMemory> ClaimsMemory::create(std::size_t cached_tokens) {
  static_assert(std::is_trivially_destructible_v<Claims>, "places are written over, never destroyed");
  static_assert(kPlaceBytes % alignof(Claims) == 0 && alignof(Claims) >= alignof(std::uint64_t));
  ClaimsMemory memory;
  memory.sets_ = std::clamp(cached_tokens / kTokensEach, kSetPlaces, kClaimsPlacesMax) / kSetPlaces;
  CLAVIGER_TRY(digests, HugeMemory::take(memory.sets_ * sizeof(DigestSet)));
  CLAVIGER_TRY(places, HugeMemory::take(memory.sets_ * kSetPlaces * kPlaceBytes));
  memory.digest_memory_ = std::move(digests);
  memory.place_memory_ = std::move(places);
  memory.digests_ = reinterpret_cast<DigestSet*>(memory.digest_memory_.data());
  memory.marks_.resize(memory.sets_);
  return memory;
}

std::size_t ClaimsMemory::set_of(const TokenDigest& digest) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((static_cast<Wide>(digest.high) * sets_) >> 64U);
}

const Claims* ClaimsMemory::find(const TokenDigest& digest) {
  if (digest == TokenDigest{}) return nullptr;
  const std::size_t set = set_of(digest);
  for (std::size_t way = 0; way < kSetPlaces; ++way) {
    if (digests_[set].digests[way] != digest) continue;
    marks_[set] = static_cast<std::uint8_t>(marks_[set] | 1U << way);
    return std::launder(reinterpret_cast<const Claims*>(place(set, way)));
  }
  return nullptr;
}

std::size_t ClaimsMemory::victim_in(std::size_t set, const TokenDigest& digest) {
  const DigestSet& ways = digests_[set];
  for (const TokenDigest& wanted : {digest, TokenDigest{}}) {
    for (std::size_t way = 0; way < kSetPlaces; ++way) {
      if (ways.digests[way] == wanted) return way;
    }
  }
  if (marks_[set] == kAllWays) marks_[set] = 0;
  std::size_t way = digest.low % kSetPlaces;  // whichever the token's: none shall be the first to go
  while ((marks_[set] >> way & 1U) != 0) way = (way + 1) % kSetPlaces;
  return way;
}

const Claims* ClaimsMemory::remember(const TokenDigest& digest, const Claims& claims) {
  constexpr std::size_t kHead = (sizeof(Claims) + 7) / 8 * 8;
  const std::size_t text_bytes = claims.json.size();
  if (digest == TokenDigest{} || !claims.all || kHead + text_bytes > kPlaceBytes) return nullptr;
  const std::size_t set = set_of(digest);
  const std::size_t way = victim_in(set, digest);
  std::byte* const at = place(set, way);
  digests_[set].digests[way] = {};  // until all of the new is there
  std::byte* const text = at + kPlaceBytes - text_bytes;
  const auto copy = codec::copy_json(*claims.all, {at + kHead, kPlaceBytes - kHead - text_bytes});
  if (!copy) return nullptr;
  std::memcpy(text, claims.json.data(), text_bytes);
  Claims* const made = std::construct_at(reinterpret_cast<Claims*>(at));
  // Read again where it stands now: its views point there.
  if (!made->read(*copy, as_text(Bytes(text, text_bytes)))) return nullptr;
  digests_[set].digests[way] = digest;
  marks_[set] = static_cast<std::uint8_t>(marks_[set] & ~(1U << way));
  return made;
}

}  // namespace claviger::tokens
