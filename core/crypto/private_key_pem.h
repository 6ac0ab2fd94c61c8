// A private key in PEM as operators have them: PKCS #8, SEC 1 or PKCS #1, unencrypted.
//
// Pure function, any thread; what the text held is wiped from OpenSSL's memory.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::crypto {

// An RSA key of 8192 bits has 6.4 KiB; more than one key is not taken.
inline constexpr std::size_t kPrivateKeyPemMax = 16 * 1024;

// PKCS #8 DER, for SigningKey::from_pkcs8(). KeyMalformed: no private key, several, encrypted, or a syntax error.
Result<SecretBytes> pkcs8_of_pem(std::string_view pem);

}  // namespace claviger::crypto
