// How seeds of hardware tokens travel in a PSKC file (RFC 6030 clause 6.1): AES-CBC as XML Encryption has it, checked
// with HMAC-SHA-1 over the initialisation vector and the ciphertext before anything is deciphered.
//
// Pure functions, any thread. For files that an operator imports; nothing of ours is encrypted so.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::crypto {

// Constant time. False, too, when `mac` has not 20 bytes.
bool verify_hmac_sha1(Bytes key, Bytes message, Bytes mac);
// `key` has 16, 24 or 32 bytes; `sealed` is a vector of 16 bytes and whole blocks. CryptoFailure: neither, or padding
// that is none.
Result<SecretBytes> decrypt_aes_cbc(Bytes key, Bytes sealed);

}  // namespace claviger::crypto
