// [k]P for SAKKE's generator P as a sum of known points.
//
// k is made odd by adding q and written with 171 odd digits of 6 bits, -63 to 63; none is zero, so each window adds one
// point, whatever k is. The table has d 2^(6 i) P for each positive digit d and window i: 5472 points, 1.4 MB, built and
// checked at the first use in some 20 ms, for the whole process. A row is read by reading all 32 of its window.
//
// On exceptions: with the windows taken from the top, the sum before window i is m 64^(i+1) P and the row d 64^i P with
// |d| < 64. While |m| 64^(i+1) + |d| 64^i < q they are neither equal nor opposite. That holds for all windows but the last,
// where they are equal when k = 2 d modulo q: for 64 of some 2^1022 scalars. Constant time; any thread.
#pragma once

#include "core/base/result.h"
#include "core/crypto/mikey/curve.h"

namespace claviger::mikey {

inline constexpr std::size_t kFixedWindowBits = 6;
inline constexpr std::size_t kFixedWindows = 171;  // 1026 bits: k or k + q has at most 1023
inline constexpr std::size_t kFixedRows = 32;

// Window i's digit is 2 c - 63 for the c of 6 bits at [i]. As secret as k.
using FixedDigits = std::array<std::uint8_t, kFixedWindows>;

// For k in [1, q - 1] (asserted).
FixedDigits fixed_digits(const Scalar& k);

// The rows 1, 3, ... 63 times 64^window P. CLAVIGER_ASSERTs that the table is sound.
using FixedWindow = std::array<AffinePoint, kFixedRows>;
const FixedWindow& fixed_window(std::size_t window);

// The point of a digit: a row, negated for a negative digit.
AffinePoint fixed_row(const FixedWindow& rows, std::uint8_t chunk);

// One by one, in Jacobian coordinates; no exceptions. CryptoFailure without random bytes.
Result<AffinePoint> multiply_generator(const Scalar& k);

}  // namespace claviger::mikey
