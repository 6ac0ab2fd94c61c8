#include "core/crypto/mikey/fixed_base.h"

#include <memory>

namespace claviger::mikey {
namespace {

using Table = std::array<FixedWindow, kFixedWindows>;

// Public values; a failure here is of the generator of random numbers or of the memory.
std::unique_ptr<const Table> build() {
  auto table = std::make_unique<Table>();
  std::vector<JacobianPoint> bases;  // 64^i P, and twice that
  JacobianPoint base{generator().x, generator().y, field_modulus().one};
  for (std::size_t window = 0; window < kFixedWindows; ++window) {
    bases.push_back(base);
    bases.push_back(doubled(base));
    for (std::size_t i = 0; i < kFixedWindowBits; ++i) base = doubled(base);
  }
  std::vector<Fp> over(bases.size());
  for (std::size_t i = 0; i < bases.size(); ++i) over[i] = bases[i].z;
  CLAVIGER_ASSERT(invert_all(field_modulus(), std::span(over)).has_value());
  std::vector<AffinePoint> steps(kFixedWindows);
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const Fp over2 = squared(over[i]);
    const AffinePoint point{times(bases[i].x, over2), times(bases[i].y, times(over2, over[i]))};
    (i % 2 == 0 ? (*table)[i / 2][0] : steps[i / 2]) = point;
  }

  over.resize(kFixedWindows);
  for (std::size_t row = 1; row < kFixedRows; ++row) {
    for (std::size_t window = 0; window < kFixedWindows; ++window) {
      over[window] = minus(steps[window].x, (*table)[window][row - 1].x);
    }
    CLAVIGER_ASSERT(invert_all(field_modulus(), std::span(over)).has_value());
    for (std::size_t window = 0; window < kFixedWindows; ++window) {
      const AffinePoint& a = (*table)[window][row - 1];
      const Fp slope = times(minus(steps[window].y, a.y), over[window]);
      const Fp x = minus(minus(squared(slope), a.x), steps[window].x);
      (*table)[window][row] = {x, minus(times(slope, minus(a.x, x)), a.y)};
      CLAVIGER_ASSERT(is_on_curve((*table)[window][row]));
    }
  }
  return table;
}

}  // namespace

const FixedWindow& fixed_window(std::size_t window) {
  static const std::unique_ptr<const Table> table = build();
  return (*table)[window];
}

// An odd k is the sum of (2 c_i - 63) 64^i, where the c_i are the digits in base 64 of
// (k + 2^1026 - 1) / 2 = (k >> 1) + 2^1025.
FixedDigits fixed_digits(const Scalar& k) {
  CLAVIGER_ASSERT(is_zero(k) == 0 && is_less(k, kOrder) != 0);
  Scalar odd;
  const WipeAtEnd wipe_odd(odd);
  add(odd, k, kOrder);
  odd = choose(mask_if(k[0] & 1U), odd, k);
  std::array<std::uint64_t, 18> half{};
  const WipeAtEnd wipe_half(half);
  for (std::size_t i = 0; i < 16; ++i) half[i] = odd[i] >> 1U | (i + 1 < 16 ? odd[i + 1] << 63U : 0);
  half[16] = 2;
  FixedDigits digits;
  for (std::size_t window = 0; window < kFixedWindows; ++window) {
    const std::size_t bit = window * kFixedWindowBits;
    const DoubleWord both = (DoubleWord{half[bit / 64 + 1]} << 64U) | half[bit / 64];
    digits[window] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(both >> (bit % 64)) & 63U);
  }
  return digits;
}

AffinePoint fixed_row(const FixedWindow& rows, std::uint8_t chunk) {
  const std::uint64_t is_negative = (std::uint64_t{chunk} >> 5U) ^ 1U;
  const std::uint64_t index = (chunk ^ mask_if(is_negative)) & (kFixedRows - 1);
  AffinePoint row{};
  for (std::size_t i = 0; i < kFixedRows; ++i) {
    const std::uint64_t mask = mask_if(is_zero_word(index ^ i));
    for (std::size_t word = 0; word < row.x.size(); ++word) {
      row.x[word] |= rows[i].x[word] & mask;
      row.y[word] |= rows[i].y[word] & mask;
    }
  }
  row.y = choose(mask_if(is_negative), row.y, negative(row.y));
  return row;
}

Result<AffinePoint> multiply_generator(const Scalar& k) {
  FixedDigits digits = fixed_digits(k);
  const WipeAtEnd wipe_digits(digits);
  const AffinePoint first = fixed_row(fixed_window(kFixedWindows - 1), digits[kFixedWindows - 1]);
  JacobianPoint sum{first.x, first.y, field_modulus().one};
  const WipeAtEnd wipe_sum(sum);
  for (std::size_t window = kFixedWindows - 1; window-- > 1;) {
    sum = plus(sum, fixed_row(fixed_window(window), digits[window]));
  }
  sum = plus_or_double(sum, fixed_row(fixed_window(0), digits[0]));
  return to_affine(sum);
}

}  // namespace claviger::mikey
