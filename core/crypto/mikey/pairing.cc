#include "core/crypto/mikey/pairing.h"

namespace claviger::mikey {
namespace {

// real + i imaginary.
struct Fp2 {
  Fp real, imaginary;
};

Fp2 product(const Fp2& a, const Fp2& b) {
  const Fp real = times(a.real, b.real);
  const Fp imaginary = times(a.imaginary, b.imaginary);
  const Fp both = times(plus(a.real, a.imaginary), plus(b.real, b.imaginary));
  return {minus(real, imaginary), minus(minus(both, real), imaginary)};
}
Fp2 square(const Fp2& a) {
  return {times(plus(a.real, a.imaginary), minus(a.real, a.imaginary)), twice(times(a.real, a.imaginary))};
}

Result<Fp> ratio(const Fp2& a) {
  CLAVIGER_TRY(over, inverse(field_modulus(), a.real));
  return times(a.imaginary, over);
}

}  // namespace

// Miller's loop along q - 1 with C = (X / Z^2, Y / Z^3). The lines of the RFC are multiplied by what stands under their
// fraction bars: that is a factor of F_p, which the quotient at the end takes out again. With M = 3 (X^2 - Z^4):
//   tangent:  2 Y Z^3 (lambda (Qx + x) - y + i Qy) = M (Qx Z^2 + X) - 2 Y^2 + i Qy (2 Y Z) Z^2
//   chord:    Z H (lambda (Qx + Rx) - Ry + i Qy) = r (Qx + Rx) - Ry Z H + i Qy Z H, H = Rx Z^2 - X, r = Ry Z^3 - Y
Result<Fp> pairing(const AffinePoint& r, const AffinePoint& q) {
  Scalar below = kOrder;
  below[0] -= 1;
  JacobianPoint c{r.x, r.y, field_modulus().one};
  Fp2 value{field_modulus().one, {}};
  const WipeAtEnd wipe_c(c);
  const WipeAtEnd wipe_value(value);
  const Fp sum_x = plus(q.x, r.x);

  for (std::size_t bit = 1021; bit-- > 0;) {
    const Fp zz = squared(c.z);
    const Fp difference = times(minus(c.x, zz), plus(c.x, zz));
    const Fp m = plus(twice(difference), difference);
    const Fp yy2 = twice(squared(c.y));
    const JacobianPoint next = doubled(c);  // its Z is 2 Y Z
    const Fp2 tangent{minus(times(m, plus(times(q.x, zz), c.x)), yy2), times(q.y, times(next.z, zz))};
    value = product(square(value), tangent);
    c = next;
    if (((below[bit / 64] >> (bit % 64)) & 1U) != 0) {
      const Fp slope = minus(times(r.y, times(c.z, squared(c.z))), c.y);
      c = plus(c, r);  // its Z is Z H
      const Fp2 chord{minus(times(slope, sum_x), times(r.y, c.z)), times(q.y, c.z)};
      value = product(value, chord);
    }
  }

  // [q - 1]r = -r is what a point of order q comes to; after an exception, which others meet, Z stays 0.
  if (is_zero(c.z) != 0) return Error{Code::KeyNotOnCurve, "sakke.pairing.order"};
  const Fp zz = squared(c.z);
  if ((is_equal(times(r.x, zz), c.x) & is_equal(negative(times(r.y, times(zz, c.z))), c.y)) == 0) {
    return Error{Code::KeyNotOnCurve, "sakke.pairing.order"};
  }
  return ratio(square(square(value)));  // (p + 1) / q = 4
}

// By windows of 4 bits; each row of the table is read for each window.
Result<Fp> generator_power(const Scalar& k) {
  constexpr std::size_t kRows = 16;
  static const std::array<Fp2, kRows> rows = [] {
    std::array<Fp2, kRows> powers;
    powers[0] = {field_modulus().one, {}};
    powers[1] = {field_modulus().one, field_modulus().to_form(kGeneratorPairing)};
    for (std::size_t i = 2; i < kRows; ++i) powers[i] = product(powers[i - 1], powers[1]);
    return powers;
  }();
  Fp2 power{field_modulus().one, {}};
  const WipeAtEnd wipe_power(power);
  for (std::size_t nibble = 256; nibble-- > 0;) {
    for (int i = 0; i < 4; ++i) power = square(power);
    const std::uint64_t digit = (k[nibble / 16] >> (4 * (nibble % 16))) & 15U;
    Fp2 row{};
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::uint64_t mask = mask_if(is_zero_word(digit ^ i));
      row = {choose(mask, row.real, rows[i].real), choose(mask, row.imaginary, rows[i].imaginary)};
    }
    power = product(power, row);
  }
  return ratio(power);
}

}  // namespace claviger::mikey
