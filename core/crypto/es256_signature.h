// The raw form of an ES256 signature, r | s in 64 bytes (RFC 7518 clause 3.4), and the DER form that OpenSSL
// takes and gives. Pure functions, any thread; signatures are public.
#pragma once

#include <array>
#include <cstddef>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::crypto {

inline constexpr std::size_t kEs256SignatureBytes = 64;
// SEQUENCE header, and two INTEGERs of up to 33 bytes with theirs.
inline constexpr std::size_t kEs256DerBytesMax = 2 + 2 * (2 + 33);

// 64 bytes with 1 <= r, s < n. Asked before any arithmetic: a zero r and s once verified everything
// elsewhere.
bool is_es256_signature(Bytes raw);

// Of a raw signature that is_es256_signature(). The number of bytes at the front of `out`.
std::size_t es256_to_der(Bytes raw, std::span<std::byte, kEs256DerBytesMax> out);

// Strict DER of two positive INTEGERs of at most 32 bytes. SignatureInvalid.
Result<Unit> es256_from_der(Bytes der, std::span<std::byte, kEs256SignatureBytes> out);

}  // namespace claviger::crypto
