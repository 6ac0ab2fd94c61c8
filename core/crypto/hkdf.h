// HKDF with SHA-256 (RFC 5869): several keys from one secret. Pure, any thread.
#pragma once

#include <cstddef>

#include "core/base/bytes.h"
#include "core/base/secret.h"

namespace claviger::crypto {

// RFC 5869 clause 2.3: the block counter is one byte.
inline constexpr std::size_t kHkdfBytesMax = 255 * 32;
// Labels and identifiers of ours.
inline constexpr std::size_t kHkdfInfoBytesMax = 1024;

// Extract and expand. `info` separates what the keys are for; the lengths are ours and
// asserted.
void hkdf_sha256(Bytes secret, Bytes salt, Bytes info, MutableBytes out);

template <std::size_t N>
Secret<N> derive_secret(Bytes secret, Bytes salt, Bytes info) {
  Secret<N> derived;
  hkdf_sha256(secret, salt, info, derived.reveal_for_writing());
  return derived;
}

}  // namespace claviger::crypto
