// Points of SAKKE's curve E: y^2 = x^3 - 3 x over F_p, and their octets (RFC 6508 clause 4).
//
// Coordinates are in Montgomery's form. Constant time in coordinates and scalars. Pure, any thread.
#pragma once

#include "core/base/result.h"
#include "core/crypto/mikey/field.h"
#include "core/crypto/mikey/sakke.h"

namespace claviger::mikey {

struct AffinePoint {
  Fp x, y;
};
// x = X / Z^2, y = Y / Z^3; Z = 0 is the point at infinity.
struct JacobianPoint {
  Fp x, y, z;
};

// P of order q.
const AffinePoint& generator();

bool is_on_curve(const AffinePoint& point);
// KeyMalformed: not 257 octets, not 04, a coordinate not below p. KeyNotOnCurve: not on it. The order is not looked at.
Result<AffinePoint> point_from_octets(Bytes octets);
void point_to_octets(const AffinePoint& point, std::span<std::byte, kSakkePointBytes> out);

JacobianPoint doubled(const JacobianPoint& point);
// For points with different x alone: Z becomes 0 for others (the sum of opposites is that; a doubling is not).
JacobianPoint plus(const JacobianPoint& a, const AffinePoint& b);
// For points that are not opposite: a doubling is computed beside the sum, and one of them chosen.
JacobianPoint plus_or_double(const JacobianPoint& a, const AffinePoint& b);
// KeyNotOnCurve at infinity.
Result<AffinePoint> to_affine(const JacobianPoint& point);
// a + b in affine coordinates, whatever they are. Variable time in whether they are equal: for public points.
Result<AffinePoint> sum_of(const AffinePoint& a, const AffinePoint& b);

// [k]point for k in [1, q - 1] and a point of order q (both asserted as far as that is cheap: 0 < k < q). Secret k and
// point. CryptoFailure without random bytes.
Result<AffinePoint> multiply(const Scalar& k, const AffinePoint& point);

// Whether [q]point is at infinity and the point is not: of the subgroup that P generates.
bool has_order_q(const AffinePoint& point);

}  // namespace claviger::mikey
