// AES-128-GCM as XML Encryption 1.1 has it (clause 5.2.4, http://www.w3.org/2009/xmlenc11#aes128-gcm): IV of 12 octets, random,
// then the ciphertext, then the tag of 16.
//
// For keys that serve a few messages each: what we write down ourselves is for aead.h. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::crypto {

inline constexpr std::size_t kContentKeyBytes = 16;
inline constexpr std::size_t kContentIvBytes = 12;
inline constexpr std::size_t kContentTagBytes = 16;

// IV, ciphertext, tag. CryptoFailure.
Result<std::string> encrypt_content(const Secret<kContentKeyBytes>& key, Bytes plaintext);
// SealBroken: another key, or a bit has changed.
Result<SecretBytes> decrypt_content(const Secret<kContentKeyBytes>& key, Bytes sealed);

}  // namespace claviger::crypto
