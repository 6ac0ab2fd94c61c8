// Published and independent values (tests/vectors/mikey_sakke.json) for the tests of this folder.
#pragma once

#include <string_view>

#include "core/crypto/mikey/sakke.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::mikey {

using crypto::array_at;
using crypto::from_hex;
using crypto::object_at;
using crypto::to_hex;

inline codec::JsonObject published() { return crypto::vectors_of("mikey_sakke.json"); }

inline std::vector<std::byte> octets_at(codec::JsonObject object, std::string_view name) {
  return from_hex(*object.string_at(name));
}
inline std::string text_at(codec::JsonObject object, std::string_view name) {
  return std::string(*object.string_at(name));
}
// As 128 octets, whatever zeros the file leaves out.
inline std::vector<std::byte> scalar_at(codec::JsonObject object, std::string_view name) {
  std::vector<std::byte> octets = octets_at(object, name);
  octets.insert(octets.begin(), kSakkeScalarBytes - octets.size(), std::byte{0});
  return octets;
}
template <std::size_t N>
Secret<N> secret_of(Bytes octets) {
  return Secret<N>(octets.subspan<0, N>());
}

}  // namespace claviger::mikey
