// What a browser carries for us between two pages: sealed, so that nobody reads or changes it, nor takes it elsewhere.
//
//   text  = base64url( %x03 salt aead )   ; salt: 16 random octets
//   aead  = AES-256-GCM (core/crypto/aead.h) under HKDF(interaction key of the installation, salt): a key of its own for
//           each, because one key seals 2^32 values at most and anybody may ask for one
//   associated = purpose NUL tenant
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::identity {

// What we make fits: redirect URI 4 KiB, state 2 KiB, scopes 4 KiB, and base64url.
inline constexpr std::size_t kSealedTextMax = 16 * 1024;

// CryptoFailure.
Result<std::string> seal_text(const Secret<32>& key, std::string_view purpose, std::string_view tenant,
                              std::string_view plaintext);
// InteractionInvalid: not one of ours, for another purpose, of another tenant, of another installation.
Result<SecretBytes> open_text(const Secret<32>& key, std::string_view purpose, std::string_view tenant,
                              std::string_view text);

}  // namespace claviger::identity
