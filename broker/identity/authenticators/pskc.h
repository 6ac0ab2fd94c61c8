// Seeds of hardware tokens out of the file that came with them: a Portable Symmetric Key Container (RFC 6030).
//
// Read: keys of algorithm hotp and totp, plain or under AES-CBC with a pre-shared key and HMAC-SHA-1 (clauses 4 and 6.1).
// Refused: other ciphers (password-based, asymmetric), other algorithms, signatures (nobody here knows the vendor's key).
// The document's types are not looked at, and there are no entities in it: a DOCTYPE is refused. Pure, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "broker/identity/authenticators/authenticator_procedures.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::identity {

// A box of tokens; the file comes through the admin socket in one request (broker/admin/verb.h, kBodyBytesMax).
inline constexpr std::size_t kPskcKeysMax = 512;
inline constexpr std::size_t kPskcBytesMax = 128 * 1024;

// One draft a key, `serial` from the device or, without one, the key's id. `key` is empty for a file in plain text.
// PskcInvalid.
Result<std::vector<AuthenticatorDraft>> read_pskc(std::string_view xml, Bytes key);

}  // namespace claviger::identity
