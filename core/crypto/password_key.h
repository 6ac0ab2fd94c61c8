// A key from a password: Argon2id (RFC 9106), for what a client keeps on its disk. Servers keep hashes (password_hash.h),
// which are no keys.
//
// Pure function, any thread; takes the time and memory the parameters say.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/password_hash.h"

namespace claviger::crypto {

inline constexpr std::size_t kPasswordKeyBytes = 32;
// RFC 9106 clause 4 recommends a salt of 128 bits.
inline constexpr std::size_t kPasswordKeySaltBytes = 16;

// PasswordLength, PasswordHashCost, CryptoFailure. Another salt or parameter is another key.
Result<Secret<kPasswordKeyBytes>> derive_password_key(Bytes password,
                                                      std::span<const std::byte, kPasswordKeySaltBytes> salt,
                                                      const Argon2Parameters& parameters);

}  // namespace claviger::crypto
