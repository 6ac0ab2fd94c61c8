// Private keys in PEM: whatever is taken is a key that signs, and reads back as itself.
#include "core/base/assert.h"
#include "core/crypto/private_key_pem.h"
#include "core/crypto/signing_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const auto pkcs8 = crypto::pkcs8_of_pem(as_text(std::as_bytes(std::span(data, size))));
  if (!pkcs8) return 0;
  const auto key = crypto::SigningKey::from_pkcs8(pkcs8->reveal());
  if (!key) return 0;
  const auto again = key->to_pkcs8();
  CLAVIGER_ASSERT(again.has_value());
  const auto same = crypto::SigningKey::from_pkcs8(again->reveal());
  CLAVIGER_ASSERT(same.has_value() && same->kid() == key->kid());
  return 0;
}
