#include "broker/tokens/verifier/token_cache.h"

#include <bit>
#include <cstring>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace claviger::tokens {
namespace {

std::uint8_t tag_of(const TokenDigest& digest) {
  const auto tag = static_cast<std::uint8_t>(digest.low);
  return tag == 0 ? 1 : tag;
}

// Bit i is set where tags[i] == tag. Bench: token_cache_bench.
std::uint32_t matches(const std::uint8_t* tags, std::uint8_t tag) {
#if defined(__SSE2__)
  const __m128i group = _mm_load_si128(reinterpret_cast<const __m128i*>(tags));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(group, _mm_set1_epi8(static_cast<char>(tag)))));
#else
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < 16; ++i) found |= static_cast<std::uint32_t>(tags[i] == tag) << i;
  return found;
#endif
}

}  // namespace

Result<TokenCache> TokenCache::create(std::size_t tokens) {
  if (tokens == 0 || tokens > kCachedTokensMax) return Error{Code::OutOfRange, "token_cache.tokens"};
  TokenCache cache;
  // Two fifths more places than tokens: (64 + 1) * 7/5 = 91 bytes a token.
  cache.groups_ = tokens * 7 / 5 / kGroupPlaces + 1;
  CLAVIGER_TRY(tags, HugeMemory::take(cache.groups_ * kGroupPlaces));
  CLAVIGER_TRY(entries, HugeMemory::take(cache.groups_ * kGroupPlaces * sizeof(CachedToken)));
  cache.tag_memory_ = std::move(tags);
  cache.entry_memory_ = std::move(entries);
  cache.tags_ = reinterpret_cast<std::uint8_t*>(cache.tag_memory_.data());
  // Places that were never written are never read: their tag is vacant.
  cache.entries_ = reinterpret_cast<CachedToken*>(cache.entry_memory_.data());
  return cache;
}

std::size_t TokenCache::home_of(const TokenDigest& digest) const {
  // Multiply and shift: an even spread over any number of groups, without a division.
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((static_cast<Wide>(digest.high) * groups_) >> 64U);
}

// Where in its group a newcomer stands if that place is vacant: bits that neither the group nor the tag is made of. Its
// neighbour is the second choice.
std::size_t TokenCache::preferred_in(const TokenDigest& digest) { return (digest.low >> 8U) % kGroupPlaces; }
std::size_t TokenCache::place_in(const TokenDigest& digest, std::uint32_t vacant) {
  const std::size_t preferred = preferred_in(digest);
  for (const std::size_t place : {preferred, preferred ^ 1U}) {
    if (((vacant >> place) & 1U) != 0) return place;
  }
  return static_cast<std::size_t>(std::countr_zero(vacant));
}

void TokenCache::prefetch_tags(const TokenDigest& digest) const {
  __builtin_prefetch(tags_ + home_of(digest) * kGroupPlaces);
}

void TokenCache::prefetch_entry(const TokenDigest& digest) const {
  const std::size_t group = home_of(digest);
  const std::uint32_t found = matches(tags_ + group * kGroupPlaces, tag_of(digest));
  if (found == 0) return;  // a miss, or one that overflowed: not worth a second look here
  __builtin_prefetch(entries_ + group * kGroupPlaces + static_cast<std::size_t>(std::countr_zero(found)), 1);
}

CachedToken* TokenCache::find(const TokenDigest& digest) {
  const std::uint8_t tag = tag_of(digest);
  std::size_t group = home_of(digest);
  // Nine of ten stand there: their line comes from memory while the tags do.
  const CachedToken* const preferred = entries_ + group * kGroupPlaces + preferred_in(digest) / 2 * 2;
  __builtin_prefetch(preferred);
  __builtin_prefetch(preferred + 1);
  for (std::size_t probed = 0; probed < kGroupsProbedMax; ++probed, group = next_of(group)) {
    const std::uint8_t* tags = tags_ + group * kGroupPlaces;
    for (std::uint32_t found = matches(tags, tag); found != 0; found &= found - 1) {
      CachedToken& entry = entries_[group * kGroupPlaces + static_cast<std::size_t>(std::countr_zero(found))];
      if (entry.digest != digest) continue;
      if (!entry.is_recent) entry.is_recent = true;  // a line that is only read stays clean
      return &entry;
    }
    if (matches(tags, 0) != 0) return nullptr;
  }
  return nullptr;
}

CachedToken& TokenCache::victim_of(std::size_t group, std::int64_t now, bool& was_live) {
  CachedToken* const places = entries_ + group * kGroupPlaces;
  was_live = false;
  for (std::size_t i = 0; i < kGroupPlaces; ++i) {
    if (places[i].expires < now) return places[i];
  }
  was_live = true;
  // Second chance: at most one round clears every mark, so the second finds one.
  for (std::size_t step = 0; step < 2 * kGroupPlaces; ++step) {
    CachedToken& candidate = places[hand_++ % kGroupPlaces];
    if (!std::exchange(candidate.is_recent, false)) return candidate;
  }
  return places[hand_++ % kGroupPlaces];
}

bool TokenCache::insert(const CachedToken& token, std::int64_t now) {
  CachedToken copy = token;
  copy.is_recent = false;  // set by its first use: a flood of tokens used once must not push out those in use
  if (CachedToken* known = find(token.digest)) {
    *known = copy;
    return false;
  }

  const std::uint8_t tag = tag_of(token.digest);
  const std::size_t home = home_of(token.digest);
  std::size_t group = home;
  for (std::size_t probed = 0; probed < kGroupsProbedMax && probed < groups_; ++probed, group = next_of(group)) {
    const std::uint32_t vacant = matches(tags_ + group * kGroupPlaces, 0);
    if (vacant == 0) continue;
    const std::size_t place = group * kGroupPlaces + place_in(token.digest, vacant);
    entries_[place] = copy;
    tags_[place] = tag;
    ++size_;
    return false;
  }
  bool was_live = false;
  CachedToken& victim = victim_of(home, now, was_live);
  victim = copy;
  tags_[static_cast<std::size_t>(&victim - entries_)] = tag;
  return was_live;
}

void TokenCache::clear() {
  std::memset(tags_, 0, groups_ * kGroupPlaces);
  size_ = 0;
}

}  // namespace claviger::tokens
