// Whatever a peer calls a JWK set: what was read is written and read again as the same keys.
#include "core/crypto/jwk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  static codec::JsonReader reader;
  // What we write may be longer than what we read.
  static codec::JsonReader second_reader(codec::JsonLimits{.bytes_max = 256 * 1024});
  const auto set = crypto::read_jwks(reader, {reinterpret_cast<const char*>(data), size});
  if (!set) return 0;
  const auto again = crypto::read_jwks(second_reader, crypto::write_jwks(set->keys));
  CLAVIGER_ASSERT(again.has_value() && again->keys.size() == set->keys.size() && again->ignored.empty());
  for (std::size_t i = 0; i < set->keys.size(); ++i) {
    CLAVIGER_ASSERT(again->keys[i].kid == set->keys[i].kid);
    CLAVIGER_ASSERT(again->keys[i].key.thumbprint() == set->keys[i].key.thumbprint());
  }
  return 0;
}
