// A hash of record keys for tables that live as long as the store. Whoever names documents, clients or devices chooses such
// keys: without a key of the process he would choose those that all lie in one place.
//
// A value, any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/siphash.h"

namespace claviger::storage::rocks {

struct KeyHash {
  using is_transparent = void;
  SipKey key;  // Database::hash_key()
  std::size_t operator()(std::string_view text) const { return siphash(key, text); }
};

}  // namespace claviger::storage::rocks
