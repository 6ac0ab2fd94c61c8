// The field F_p of SAKKE's curve, and the numbers modulo its order q (parameter_set_1.h).
//
// Elements are in Montgomery's form (montgomery.h). Constant time, pure, any thread.
#pragma once

#include "core/crypto/mikey/montgomery.h"
#include "core/crypto/mikey/parameter_set_1.h"

namespace claviger::mikey {

using Fp = Words<16>;
using Scalar = Words<16>;  // modulo q, or a plain number below it

const Modulus<16>& field_modulus();
const Modulus<16>& order_modulus();

// The engines; `out` may be an operand.
void multiply_portable(Fp& out, const Fp& a, const Fp& b);
void multiply_mulx(Fp& out, const Fp& a, const Fp& b);

inline Fp times(const Fp& a, const Fp& b) { return field_modulus().product(a, b); }
inline Fp squared(const Fp& a) { return times(a, a); }
inline Fp plus(const Fp& a, const Fp& b) { return field_modulus().sum(a, b); }
inline Fp minus(const Fp& a, const Fp& b) { return field_modulus().difference(a, b); }
inline Fp twice(const Fp& a) { return plus(a, a); }
inline Fp negative(const Fp& a) { return minus(Fp{}, a); }

}  // namespace claviger::mikey
