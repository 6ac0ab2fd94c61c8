#include "broker/identity/client_secret.h"

#include <string>

#include "core/codec/base64url.h"
#include "core/crypto/random.h"

namespace claviger::identity {

Result<SecretBytes> make_client_secret() {
  CLAVIGER_TRY(random, crypto::random_bytes<32>());
  static_assert(codec::base64url_encoded_size(32) == kClientSecretBytes);
  SecretBytes secret(kClientSecretBytes);
  codec::base64url_encode(random.reveal(), secret.reveal_for_writing());
  return secret;
}

std::array<std::byte, 32> client_secret_mac(const crypto::HmacSha256& key, std::string_view tenant,
                                            std::string_view client_id, Bytes secret) {
  std::string prefix;
  prefix.append(tenant).append(1, '\0').append(client_id).append(1, '\0');
  return key.compute(as_bytes(prefix), secret);
}

}  // namespace claviger::identity
