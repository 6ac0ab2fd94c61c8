// The inner loops of universal_hash.h. Only universal_hash.cc and the tests that hold the implementations
// against each other include this. Pure functions, any thread; no branch and no index depends on the key.
#pragma once

#include <array>
#include <cstddef>

#include "core/base/bytes.h"
#include "core/crypto/universal_hash.h"

namespace claviger::crypto::kernels {

// With 64 powers of the key the blocks of 1 KiB, more than a token has, share one reduction.
inline constexpr std::size_t kPowersMax = 64;

// H^64, H^63, .. H^1 in POLYVAL's product.
struct alignas(64) HashPowers {
  std::array<Hash128, kPowersMax> descending;
};
HashPowers powers_of(Hash128 key);

// RFC 8452 clause 3: a * b * x^-128 modulo x^128 + x^127 + x^126 + x^121 + 1. Portable.
Hash128 dot(Hash128 a, Hash128 b);

Hash128 hash_portable(const HashPowers& powers, Bytes message);

// Call the others only where their has_..() is true.
bool has_pclmul();
Hash128 hash_pclmul(const HashPowers& powers, Bytes message);
bool has_vpclmul();
Hash128 hash_vpclmul(const HashPowers& powers, Bytes message);

}  // namespace claviger::crypto::kernels
