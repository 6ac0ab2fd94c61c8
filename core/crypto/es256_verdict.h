// What a way of verifying ES256 says of a signature.
#pragma once

#include <cstdint>

namespace claviger::crypto {

// Undecided: an exceptional case that the fast path leaves to EVP. Whoever holds the private key can cause it, at
// will; it costs them nothing and us what a verification without a table costs.
enum class Es256Verdict : std::uint8_t { Valid, Invalid, Undecided };

}  // namespace claviger::crypto
