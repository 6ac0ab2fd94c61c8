// Client secrets (RFC 6749 clause 2.3.1): 256 random bits in base64url, shown once, kept as HMAC-SHA256 under a key of
// the installation. At that entropy a slow hash would buy nothing: there is nothing to guess.
//
// Pure functions, any thread.
#pragma once

#include <array>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/hmac.h"

namespace claviger::identity {

inline constexpr std::size_t kClientSecretBytes = 43;

// Text. CryptoFailure.
Result<SecretBytes> make_client_secret();
// Bound to tenant and client, so that a record copied elsewhere is of no use.
std::array<std::byte, 32> client_secret_mac(const crypto::HmacSha256& key, std::string_view tenant,
                                            std::string_view client_id, Bytes secret);

}  // namespace claviger::identity
