// The rounds of AES key wrap (RFC 3394 clause 2.2.1) under a 256-bit key, by the processor's own AES instructions.
//
// OpenSSL's key wrap takes its AES of plain instructions, whatever the processor has: 55 us for the 294 blocks of a user's
// three keys (RSK 204, PVT 60, SSK 30), more than half of a delivery. Each block needs the one before it, and 14 rounds of 4
// cycles are the limit of a block: 4.7 us here for all of them one after another; 7.6 us with a call of EVP's AES-256-ECB for
// each block, which lost. But keys do not need one another: up to four of them go side by side through the same rounds, and
// take the time of the longest. Constant time in key and text. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <span>

#include "core/base/bytes.h"

namespace claviger::crypto {

inline constexpr std::size_t kWrapRoundsKeyBytes = 32;

// False: no such instructions here; do not call the other.
bool has_wrap_rounds();

// In place over the initial value and n > 1 blocks, 8 octets each: C[0] to C[n] of the clause. Several at once: none of them
// may overlap; the longest had better come first.
void wrap_rounds(std::span<const std::byte, kWrapRoundsKeyBytes> key, std::span<const MutableBytes> all);
inline void wrap_rounds(std::span<const std::byte, kWrapRoundsKeyBytes> key, MutableBytes blocks) {
  wrap_rounds(key, std::span<const MutableBytes>(&blocks, 1));
}

}  // namespace claviger::crypto
