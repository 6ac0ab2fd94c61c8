#include "tools/load/day/population.h"

#include <algorithm>

#include "core/crypto/digest.h"

namespace claviger::day {

Secrets::Verdict Secrets::add_keys(std::uint64_t name, std::uint64_t mark) {
  const auto [owner, is_new_mark] = key_owners_.emplace(mark, name);
  if (!is_new_mark && owner->second != name) return Verdict::Shared;
  const auto [kept, is_new_name] = keys_.emplace(name, mark);
  if (is_new_name) return Verdict::Fresh;
  return kept->second == mark ? Verdict::Same : Verdict::Changed;
}

aka::SubscriberKey subscriber_key(std::size_t number) {
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes("claviger day " + std::to_string(number)));
  aka::SubscriberKey key;
  std::copy_n(digest.begin(), 16, key.key.reveal_for_writing().begin());
  std::copy_n(digest.begin() + 16, 16, key.operator_code.reveal_for_writing().begin());
  return key;
}

}  // namespace claviger::day
