#include "core/crypto/mikey/field.h"

namespace claviger::mikey {

const Modulus<16>& field_modulus() {
  static const Modulus<16> modulus(kPrime);
  return modulus;
}

const Modulus<16>& order_modulus() {
  static const Modulus<16> modulus(kOrder);
  return modulus;
}

void multiply_portable(Fp& out, const Fp& a, const Fp& b) { out = field_modulus().product(a, b); }

Fp times(const Fp& a, const Fp& b) {
  static const auto engine = has_mulx() ? multiply_mulx : multiply_portable;
  Fp out;
  engine(out, a, b);
  return out;
}

}  // namespace claviger::mikey
