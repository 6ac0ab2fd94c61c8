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

void multiply_portable(Fp& out, const Fp& a, const Fp& b) { out = field_modulus().product_portable(a, b); }
void multiply_mulx(Fp& out, const Fp& a, const Fp& b) { multiply_mulx(field_modulus(), out, a, b); }

}  // namespace claviger::mikey
