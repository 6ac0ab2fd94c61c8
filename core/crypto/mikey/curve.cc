#include "core/crypto/mikey/curve.h"

namespace claviger::mikey {
namespace {

// Scalars in windows of 5 bits with odd digits from -31 to 31: none is zero, so each window costs one addition.
constexpr std::size_t kWindowBits = 5;
constexpr std::size_t kRows = 16;
constexpr std::size_t kWindows = 205;  // 1025 bits: k or k + q, whichever is odd, stays below 2^1023
constexpr std::uint64_t kDigitMask = (1U << kWindowBits) - 1;

Fp three_times(const Fp& a) { return plus(twice(a), a); }

// b where the mask is all ones.
JacobianPoint choose_point(std::uint64_t mask, const JacobianPoint& a, const JacobianPoint& b) {
  return {choose(mask, a.x, b.x), choose(mask, a.y, b.y), choose(mask, a.z, b.z)};
}

Result<AffinePoint> doubled_affine(const AffinePoint& a) {
  CLAVIGER_TRY(over, inverse(field_modulus(), twice(a.y)));
  const Fp slope = times(three_times(minus(squared(a.x), field_modulus().one)), over);
  const Fp x = minus(squared(slope), twice(a.x));
  return AffinePoint{x, minus(times(slope, minus(a.x, x)), a.y)};
}

// Rows 1, 3, 5, ... 31 times the point.
Result<std::array<AffinePoint, kRows>> odd_multiples(const AffinePoint& point) {
  std::array<AffinePoint, kRows> rows;
  CLAVIGER_TRY(step, doubled_affine(point));
  rows[0] = point;
  for (std::size_t i = 1; i < kRows; ++i) {
    CLAVIGER_TRY(next, sum_of(rows[i - 1], step));
    rows[i] = next;
  }
  return rows;
}

// The row of a digit, read by looking at all of them. chunk = (digit + 31) / 2.
AffinePoint row_of(const std::array<AffinePoint, kRows>& rows, std::uint64_t chunk) {
  const std::uint64_t is_negative = (chunk >> (kWindowBits - 1)) ^ 1U;
  const std::uint64_t index = (chunk ^ mask_if(is_negative)) & (kRows - 1);
  AffinePoint row{};
  for (std::size_t i = 0; i < kRows; ++i) {
    const std::uint64_t mask = mask_if(is_zero_word(index ^ i));
    for (std::size_t word = 0; word < row.x.size(); ++word) {
      row.x[word] |= rows[i].x[word] & mask;
      row.y[word] |= rows[i].y[word] & mask;
    }
  }
  row.y = choose(mask_if(is_negative), row.y, negative(row.y));
  return row;
}

std::uint64_t bits_at(const std::array<std::uint64_t, 18>& words, std::size_t bit) {
  const std::size_t word = bit / 64;
  const std::size_t shift = bit % 64;
  const DoubleWord both = (DoubleWord{words[word + 1]} << 64U) | words[word];
  return static_cast<std::uint64_t>(both >> shift) & kDigitMask;
}

}  // namespace

const AffinePoint& generator() {
  static const AffinePoint point{field_modulus().to_form(kGeneratorX), field_modulus().to_form(kGeneratorY)};
  return point;
}

bool is_on_curve(const AffinePoint& point) {
  const Fp cube = times(squared(point.x), point.x);
  return is_equal(squared(point.y), minus(cube, three_times(point.x))) != 0;
}

Result<AffinePoint> point_from_octets(Bytes octets) {
  if (octets.size() != kSakkePointBytes || octets[0] != std::byte{4}) return Error{Code::KeyMalformed, "sakke.point"};
  const Fp x = words_from_octets<16>(octets.subspan(1, 128));
  const Fp y = words_from_octets<16>(octets.subspan(129, 128));
  if (is_less(x, kPrime) == 0 || is_less(y, kPrime) == 0) return Error{Code::KeyMalformed, "sakke.point.coordinate"};
  const AffinePoint point{field_modulus().to_form(x), field_modulus().to_form(y)};
  if (!is_on_curve(point)) return Error{Code::KeyNotOnCurve, "sakke.point"};
  return point;
}

void point_to_octets(const AffinePoint& point, std::span<std::byte, kSakkePointBytes> out) {
  out[0] = std::byte{4};
  words_to_octets(field_modulus().from_form(point.x), out.subspan(1, 128));
  words_to_octets(field_modulus().from_form(point.y), out.subspan(129, 128));
}

// dbl-2001-b of the Explicit-Formulas Database, for a = -3.
JacobianPoint doubled(const JacobianPoint& p) {
  const Fp delta = squared(p.z);
  const Fp gamma = squared(p.y);
  const Fp beta4 = twice(twice(times(p.x, gamma)));
  const Fp alpha = three_times(times(minus(p.x, delta), plus(p.x, delta)));
  const Fp x = minus(squared(alpha), twice(beta4));
  const Fp z = minus(minus(squared(plus(p.y, p.z)), gamma), delta);
  const Fp gamma8 = twice(twice(twice(squared(gamma))));
  return {x, minus(times(alpha, minus(beta4, x)), gamma8), z};
}

JacobianPoint plus(const JacobianPoint& a, const AffinePoint& b) {
  const Fp zz = squared(a.z);
  const Fp h = minus(times(b.x, zz), a.x);
  const Fp r = minus(times(b.y, times(a.z, zz)), a.y);
  const Fp hh = squared(h);
  const Fp hhh = times(h, hh);
  const Fp v = times(a.x, hh);
  const Fp x = minus(minus(squared(r), hhh), twice(v));
  return {x, minus(times(r, minus(v, x)), times(a.y, hhh)), times(a.z, h)};
}

JacobianPoint plus_or_double(const JacobianPoint& a, const AffinePoint& b) {
  const Fp zz = squared(a.z);
  const std::uint64_t is_same = is_equal(times(b.x, zz), a.x) & is_equal(times(b.y, times(zz, a.z)), a.y);
  return choose_point(mask_if(is_same), plus(a, b), doubled(a));
}

Result<AffinePoint> to_affine(const JacobianPoint& point) {
  if (is_zero(point.z) != 0) return Error{Code::KeyNotOnCurve, "sakke.infinity"};
  auto over = inverse(field_modulus(), point.z);
  if (!over) return over.error();
  const WipeAtEnd wipe_over(*over);  // of a secret multiple Z tells of the scalar
  const Fp over2 = squared(*over);
  return AffinePoint{times(point.x, over2), times(point.y, times(over2, *over))};
}

Result<AffinePoint> sum_of(const AffinePoint& a, const AffinePoint& b) {
  if (is_equal(a.x, b.x) != 0) {
    if (is_equal(a.y, b.y) == 0 || is_zero(a.y) != 0) return Error{Code::KeyNotOnCurve, "sakke.infinity"};
    return doubled_affine(a);
  }
  CLAVIGER_TRY(over, inverse(field_modulus(), minus(b.x, a.x)));
  const Fp slope = times(minus(b.y, a.y), over);
  const Fp x = minus(minus(squared(slope), a.x), b.x);
  return AffinePoint{x, minus(times(slope, minus(a.x, x)), a.y)};
}

// k is made odd by adding q, which changes nothing for a point of order q. An odd k is the sum of (2 c_i - 31) 32^i,
// where the c_i are the digits in base 32 of (k + 2^1025 - 1) / 2 = (k >> 1) + 2^1024.
//
// Until the last window the sum so far is m times the point with 32 | m, |m| < q, and the row is an odd multiple below 32:
// never equal or opposite. In the last it can be equal (k = 2 d modulo q), so a doubling is computed beside the sum.
Result<AffinePoint> multiply(const Scalar& k, const AffinePoint& point) {
  CLAVIGER_ASSERT(is_zero(k) == 0 && is_less(k, kOrder) != 0);
  CLAVIGER_TRY(rows, odd_multiples(point));

  Scalar odd;
  const WipeAtEnd wipe_odd(odd);
  add(odd, k, kOrder);
  odd = choose(mask_if(k[0] & 1U), odd, k);
  std::array<std::uint64_t, 18> chunks{};
  const WipeAtEnd wipe_chunks(chunks);
  for (std::size_t i = 0; i < 16; ++i) chunks[i] = odd[i] >> 1U | (i + 1 < 16 ? odd[i + 1] << 63U : 0);
  chunks[16] = 1;

  const AffinePoint first = row_of(rows, bits_at(chunks, (kWindows - 1) * kWindowBits));
  JacobianPoint sum{first.x, first.y, field_modulus().one};
  const WipeAtEnd wipe_sum(sum);
  for (std::size_t window = kWindows - 1; window-- > 1;) {
    for (std::size_t i = 0; i < kWindowBits; ++i) sum = doubled(sum);
    sum = plus(sum, row_of(rows, bits_at(chunks, window * kWindowBits)));
  }
  for (std::size_t i = 0; i < kWindowBits; ++i) sum = doubled(sum);
  sum = plus_or_double(sum, row_of(rows, bits_at(chunks, 0)));
  return to_affine(sum);
}

// By plain doubling and adding along the bits of q - 1, which are public: [q - 1]point = -point. An exception on the
// way, which is of a smaller order, leaves Z = 0 for good.
bool has_order_q(const AffinePoint& point) {
  Scalar below = kOrder;
  below[0] -= 1;
  JacobianPoint sum{point.x, point.y, field_modulus().one};
  for (std::size_t bit = 1021; bit-- > 0;) {
    sum = doubled(sum);
    if (((below[bit / 64] >> (bit % 64)) & 1U) != 0) sum = plus(sum, point);
  }
  if (is_zero(sum.z) != 0) return false;
  const Fp zz = squared(sum.z);
  return is_equal(times(point.x, zz), sum.x) != 0 && is_equal(negative(times(point.y, times(zz, sum.z))), sum.y) != 0;
}

}  // namespace claviger::mikey
