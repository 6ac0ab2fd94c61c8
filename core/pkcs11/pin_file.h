// The PIN of a PKCS #11 token, from a file.
//
// Read when a connection to the token is made, so that a new PIN needs no restart. Blocks: a pool thread.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::pkcs11 {

// PINs of tokens have 4 to 255 characters.
inline constexpr std::size_t kPinBytesMax = 255;

// Without the line end that editors leave. Unreadable; PermissionsTooOpen: group or others can read it, or it is neither
// ours nor root's; BadValue: empty or too long.
Result<SecretBytes> read_pin(const std::string& path);

}  // namespace claviger::pkcs11
