// Names that policies ask about (scopes, audiences), a bit each: so that a cached token answers with one AND.
//
// Owned by a Verifier, on its shard; grows only. A name that finds no bit left is not an error: whoever needs it reads
// the claims instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace claviger::tokens {

class Vocabulary {
 public:
  // At most 64.
  explicit Vocabulary(std::size_t names_max) : names_max_(names_max) {}

  // The bit of a name, given to it now if it has none.
  std::optional<std::uint64_t> learn(std::string_view name);
  // 0 for a name that has none.
  std::uint64_t bit_of(std::string_view name) const;
  // Of all names in a list separated by single spaces.
  std::uint64_t bits_of(std::string_view list) const;

 private:
  std::size_t names_max_;
  std::vector<std::string> names_;
};

}  // namespace claviger::tokens
