// Public keys as DER and as PEM, and signatures: the first half of the input is the key, the rest what it verifies.
#include "core/crypto/verify_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  static crypto::VerifyContext context;
  const Bytes input = std::as_bytes(std::span(data, size));
  const auto from_der = crypto::VerifyKey::from_spki(input);
  static_cast<void>(crypto::VerifyKey::from_pem(as_text(input)));
  static_cast<void>(crypto::VerifyKey::from_p256(input.first(size / 2), input.subspan(size / 2)));
  static_cast<void>(crypto::VerifyKey::from_ed25519(input));
  if (from_der) static_cast<void>(from_der->verify(context, input, input));
  return 0;
}
