// The names of key wraps say how long their key is (RFC 7518 clause 4.4): of a key that VAL servers bring, what it may be
// called; of one that was kept under another's name, what it is.
//
// Pure functions, any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "broker/seal_keys/service_key.h"

namespace claviger::seal_keys {

struct KeyWrap {
  std::string_view name;
  std::size_t key_bytes;
};
inline constexpr std::array<KeyWrap, 3> kKeyWraps{{{"A128KW", 16}, {"A192KW", 24}, {"A256KW", kKeyBytes}}};

// Empty: a key of this length has no name of its own.
constexpr std::string_view name_for(std::size_t key_bytes) {
  const auto* fits = std::ranges::find(kKeyWraps, key_bytes, &KeyWrap::key_bytes);
  return fits == kKeyWraps.end() ? std::string_view() : fits->name;
}

// False: `name` is that of a key wrap with a key of another length.
constexpr bool is_name_of(std::string_view name, std::size_t key_bytes) {
  const auto* named = std::ranges::find(kKeyWraps, name, &KeyWrap::name);
  return named == kKeyWraps.end() || named->key_bytes == key_bytes;
}

// What is told of a kept key. Before brought keys were settled at writing, one without a name was called A256KW, whatever
// its length.
constexpr std::string_view settled_name(std::string_view kept, std::size_t key_bytes) {
  if (is_name_of(kept, key_bytes)) return kept;
  const std::string_view own = name_for(key_bytes);
  // No key wrap's: all that is known of it is that it is a key of some octets (RFC 7518 clause 6.4).
  return own.empty() ? std::string_view("oct") : own;
}

}  // namespace claviger::seal_keys
