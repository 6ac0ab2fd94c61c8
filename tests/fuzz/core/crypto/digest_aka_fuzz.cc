// Whatever a client calls Digest credentials, or a server a challenge.
#include "core/crypto/aka/digest_aka.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  if (const auto challenge = aka::parse_digest_challenge(header)) {
    static_cast<void>(aka::read_nonce(challenge->nonce));
  }
  const auto credentials = aka::parse_digest_credentials(header);
  if (!credentials) return 0;
  static_cast<void>(aka::read_auts(credentials->auts));
  static_cast<void>(aka::read_nonce(credentials->nonce));
  static_cast<void>(aka::is_right_response(*credentials, "GET", as_bytes("password")));
  return 0;
}
