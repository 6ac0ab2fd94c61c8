// HashToIntegerRange (RFC 6508 clause 5.1) with SHA-256. Constant time; pure, any thread.
#pragma once

#include "core/crypto/mikey/words.h"

namespace claviger::mikey {

// v_1 | v_2 | v_3 | v_4 modulo q: four hashes for the 1022 bits of q.
Words<16> hash_to_order(Bytes message);
// v_1 modulo 2^128: its low 16 octets.
std::array<std::byte, 16> hash_to_128_bits(Bytes message);

}  // namespace claviger::mikey
