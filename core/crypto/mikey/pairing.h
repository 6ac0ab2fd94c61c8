// The pairing of SAKKE (RFC 6508 clauses 2.2 and 3.2) and powers of its values.
//
// A value stands for the class of 1 + i w in F_p^2, i^2 = -1, and is its w in Montgomery's form. Constant time in the
// points and exponents. Pure, any thread.
#pragma once

#include "core/base/result.h"
#include "core/crypto/mikey/curve.h"

namespace claviger::mikey {

// <r, q>. Finds out on its way whether r, a point on the curve, is of order q: KeyNotOnCurve otherwise. When it is, and q
// is another point on the curve of that order, the pairing is symmetric: the point that is not trusted comes first.
Result<Fp> pairing(const AffinePoint& r, const AffinePoint& q);

// g^k for g = <P, P> and k below q: the imaginary part of (1 + i g)^k over its real part.
Result<Fp> generator_power(const Scalar& k);

}  // namespace claviger::mikey
