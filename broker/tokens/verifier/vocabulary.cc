#include "broker/tokens/verifier/vocabulary.h"

#include <algorithm>

namespace claviger::tokens {

std::optional<std::uint64_t> Vocabulary::learn(std::string_view name) {
  if (const std::uint64_t known = bit_of(name); known != 0) return known;
  if (names_.size() >= names_max_) return std::nullopt;
  names_.emplace_back(name);
  return std::uint64_t{1} << (names_.size() - 1);
}

std::uint64_t Vocabulary::bit_of(std::string_view name) const {
  // A dozen names that mostly differ in length: comparing them in turn beats hashing.
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return std::uint64_t{1} << i;
  }
  return 0;
}

std::uint64_t Vocabulary::bits_of(std::string_view list) const {
  std::uint64_t bits = 0;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(' ', at), list.size());
    bits |= bit_of(list.substr(at, end - at));
    at = end + 1;
  }
  return bits;
}

}  // namespace claviger::tokens
