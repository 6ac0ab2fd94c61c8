// One-time passwords: HOTP (RFC 4226) and its moving factor from the clock, TOTP (RFC 6238).
//
// Pure functions, any thread. Nothing here remembers which password was used: who verifies must
// (broker/identity/authenticators).
#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::crypto {

enum class OtpAlgorithm : std::uint8_t { Sha1 = 0, Sha256 = 1, Sha512 = 2 };

// RFC 4226 clause 4, R6 wants 128 bits at least and 160 recommended; more than a block of SHA-512 adds nothing.
inline constexpr std::size_t kOtpKeyBytesMin = 16;
inline constexpr std::size_t kOtpKeyBytesMax = 128;
inline constexpr unsigned kOtpDigitsMin = 6;
inline constexpr unsigned kOtpDigitsMax = 8;

// The decimal value (RFC 4226 clause 5.3). CryptoFailure. `digits` and the key's length are asserted.
Result<std::uint32_t> hotp(Bytes key, std::uint64_t counter, unsigned digits, OtpAlgorithm algorithm);

// The time step (RFC 6238 clause 4.2); 0 before 1970.
constexpr std::uint64_t totp_step(std::int64_t numeric_date, std::uint32_t period_seconds) {
  return numeric_date <= 0 ? 0 : static_cast<std::uint64_t>(numeric_date) / period_seconds;
}

}  // namespace claviger::crypto
