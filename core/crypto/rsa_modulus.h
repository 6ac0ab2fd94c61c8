// Known ways in which an RSA modulus is weak though it is long enough, looked for when a key is imported.
//
// Pure, any thread; the modulus is public. Costs some 50 us: a test for primality (4 ms for 2048 bits, a quarter of a
// second for 8192) is left out, because a prime modulus gives away only what its owner signs, and peers could make us
// pay for it.
#pragma once

#include "core/base/bytes.h"

namespace claviger::crypto {

// A factor below this makes no key of anybody's generator; SP 800-89 clause 5.3.3 stops here, too.
inline constexpr unsigned kSmallPrimeMax = 752;
// Two primes close to each other are found in the first steps (CVE-2022-26320); a good key would take 2^500.
inline constexpr int kFermatStepsMax = 100;

enum class RsaWeakness { None, Even, SmallFactor, CloseFactors, Infineon };

// Of a big-endian modulus, not empty.
RsaWeakness weakness_of(Bytes modulus);

}  // namespace claviger::crypto
