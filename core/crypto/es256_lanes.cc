#include "core/crypto/es256_lanes.h"

#if defined(__x86_64__)

#include <vector>

#include "core/crypto/p256_lane_points.h"
#include "core/crypto/p256_window_bases.h"

namespace claviger::crypto {
namespace {

using p256::AffinePoint;
using p256::from_words;
using p256::kLaneCount;
using p256::kLimbs;
using p256::kOne;
using p256::Lanes;
using p256::Point;
using p256::split_words;
using Row = Es256LaneTable::Row;

// Eight rows of eight words to eight words of eight lanes.
CLAVIGER_LANES_INLINE AffinePoint load_rows(const Row* const* rows) {
  __m512i r[8];
  CLAVIGER_UNROLL for (std::size_t i = 0; i < 8; ++i) r[i] = _mm512_load_si512(rows[i]);
  __m512i low[4];
  __m512i high[4];
  CLAVIGER_UNROLL for (std::size_t i = 0; i < 4; ++i) {
    low[i] = _mm512_unpacklo_epi64(r[2 * i], r[2 * i + 1]);   // words 0, 2, 4, 6 of two rows
    high[i] = _mm512_unpackhi_epi64(r[2 * i], r[2 * i + 1]);  // words 1, 3, 5, 7
  }
  __m512i word[8];
  CLAVIGER_UNROLL for (std::size_t odd = 0; odd < 2; ++odd) {
    const __m512i* const pair = odd == 0 ? low : high;
    const __m512i a04 = _mm512_shuffle_i64x2(pair[0], pair[1], 0x88);
    const __m512i b04 = _mm512_shuffle_i64x2(pair[2], pair[3], 0x88);
    const __m512i a26 = _mm512_shuffle_i64x2(pair[0], pair[1], 0xDD);
    const __m512i b26 = _mm512_shuffle_i64x2(pair[2], pair[3], 0xDD);
    word[0 + odd] = _mm512_shuffle_i64x2(a04, b04, 0x88);
    word[4 + odd] = _mm512_shuffle_i64x2(a04, b04, 0xDD);
    word[2 + odd] = _mm512_shuffle_i64x2(a26, b26, 0x88);
    word[6 + odd] = _mm512_shuffle_i64x2(a26, b26, 0xDD);
  }
  return {split_words(word[0], word[1], word[2], word[3]), split_words(word[4], word[5], word[6], word[7])};
}

// A scalar below n, made odd: k when that is odd, else n - k, whose points have the other sign.
struct OddScalar {
  Words256 words;
  bool is_negated;
};

OddScalar make_odd(const Words256& k) {
  if (k[0] % 2 != 0) return {k, false};
  return {difference_of(kP256Order, k), true};
}

struct SignedDigits {
  std::array<std::uint8_t, Es256LaneTable::kWindows> row;
  std::array<std::uint8_t, Es256LaneTable::kWindows / kLaneCount> negative;  // a bit a digit
};

// k = sum of (2 m_j - 1) 2^j over the bits of m = (k - 1) / 2 + 2^255, so eight bits b of m make the digit
// 2 b - 255, whose row is b - 128 when it is positive and 127 - b when not.
SignedDigits signed_digits(const OddScalar& scalar) {
  const Words256& k = scalar.words;
  const Words256 m = {k[0] >> 1U | k[1] << 63U, k[1] >> 1U | k[2] << 63U, k[2] >> 1U | k[3] << 63U,
                      k[3] >> 1U | std::uint64_t{1} << 63U};
  SignedDigits digits{};
  for (std::size_t i = 0; i < digits.row.size(); ++i) {
    const auto bits = static_cast<std::uint8_t>(m[i / 8] >> (i % 8 * 8));
    const bool is_negative = bits < 128;
    digits.row[i] = is_negative ? static_cast<std::uint8_t>(127 - bits) : static_cast<std::uint8_t>(bits - 128);
    if (is_negative != scalar.is_negated) {
      digits.negative[i / kLaneCount] =
          static_cast<std::uint8_t>(digits.negative[i / kLaneCount] | 1U << i % kLaneCount);
    }
  }
  return digits;
}

// a^(p - 2), by the bits of p - 2 from the top: it makes one table in 5 us, no need for a shorter chain.
CLAVIGER_LANES Lanes inverted(const Lanes& a) {
  constexpr Words256 kExponent = {0xFFFFFFFFFFFFFFFD, 0x00000000FFFFFFFF, 0, 0xFFFFFFFF00000001};
  Lanes power = a;
  for (unsigned bit = 255; bit-- > 0;) {
    power = squared(power);
    if ((kExponent[bit / 64] >> bit % 64 & 1U) != 0) power = times(power, a);
  }
  return power;
}

}  // namespace

bool Es256LaneTable::has_lanes() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
         __builtin_cpu_supports("avx512ifma") != 0;
}

// Eight windows at once, four times: window i has B, 3 B, 5 B, .. of B = 2^(8 i) P, each the one before plus 2 B. None
// of these additions is exceptional: (2 k + 1) B is 2 B or -2 B for no k below 128, the order being prime.
CLAVIGER_LANES Result<std::unique_ptr<const Es256LaneTable>> Es256LaneTable::build(const Words256& x,
                                                                                   const Words256& y) {
  CLAVIGER_TRY(bases, window_bases(x, y));
  std::unique_ptr<Es256LaneTable> table(new Es256LaneTable());
  for (std::size_t first = 0; first < kWindows; first += kLaneCount) {
    const auto lanes_of = [&](auto member) CLAVIGER_LANES {
      std::array<Words256, kLaneCount> numbers;
      for (std::size_t i = 0; i < kLaneCount; ++i) numbers[i] = (*bases)[first + i].*member;
      return from_words(numbers);
    };
    const AffinePoint step{lanes_of(&WindowBase::double_x), lanes_of(&WindowBase::double_y)};
    std::vector<Point> multiples(kRowsPerWindow);
    multiples[0] = {lanes_of(&WindowBase::x), lanes_of(&WindowBase::y), p256::all_lanes(kOne)};
    for (std::size_t row = 1; row < kRowsPerWindow; ++row) {
      multiples[row] = multiples[row - 1];
      add_affine(multiples[row], step, 0);
    }
    // Montgomery's trick: one inversion for all Z of a lane.
    std::vector<Lanes> products(kRowsPerWindow);
    products[0] = multiples[0].z;
    for (std::size_t row = 1; row < kRowsPerWindow; ++row) products[row] = times(products[row - 1], multiples[row].z);
    Lanes inverse = inverted(products.back());
    for (std::size_t row = kRowsPerWindow; row-- > 0;) {
      const Point& point = multiples[row];
      const Lanes z_inverse = row == 0 ? inverse : times(inverse, products[row - 1]);
      inverse = times(inverse, point.z);
      const Lanes zz_inverse = squared(z_inverse);
      const auto xs = to_words(canonical(times(point.x, zz_inverse)));
      const auto ys = to_words(canonical(times(point.y, times(zz_inverse, z_inverse))));
      for (std::size_t i = 0; i < kLaneCount; ++i) {
        table->rows_[(first + i) * kRowsPerWindow + row] = {xs[i], ys[i]};
      }
    }
  }
  return std::unique_ptr<const Es256LaneTable>(std::move(table));
}

const Es256LaneTable* Es256LaneTable::of_generator() {
  static const std::unique_ptr<const Es256LaneTable> table = [] {
    auto built = build(kP256GeneratorX, kP256GeneratorY);
    return built ? *std::move(built) : nullptr;
  }();
  return table.get();
}

CLAVIGER_LANES Es256Verdict check_in_lanes(const Es256LaneTable& generator, const Es256LaneTable& key,
                                           const Es256Scalars& scalars) {
  // Zero has no odd form. Nobody meets it but by intent: u2 = 0 needs r = 0, u1 = 0 a digest of 0 or n.
  if (scalars.u1 == Words256{} || scalars.u2 == Words256{}) return Es256Verdict::Undecided;
  constexpr std::size_t kStepsPerScalar = Es256LaneTable::kWindows / kLaneCount;
  constexpr std::size_t kSteps = 2 * kStepsPerScalar;
  const std::array<SignedDigits, 2> digits = {signed_digits(make_odd(scalars.u2)), signed_digits(make_odd(scalars.u1))};
  // All rows are known now: they are on their way from the second level of cache while the first are added.
  std::array<std::array<const Row*, kLaneCount>, kSteps> rows;
  for (std::size_t step = 0; step < kSteps; ++step) {
    const std::size_t scalar = step / kStepsPerScalar;
    const Es256LaneTable& table = scalar == 0 ? key : generator;
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      const std::size_t window = step % kStepsPerScalar * kLaneCount + lane;
      rows[step][lane] = table.window(window) + digits[scalar].row[window];
      __builtin_prefetch(rows[step][lane]);
    }
  }
  const AffinePoint first = load_rows(rows[0].data());
  const Lanes minus_y = normalized(minus(p256::all_lanes(p256::kPrime), first.y));
  Point sum{first.x, choose(digits[0].negative[0], first.y, minus_y), p256::all_lanes(kOne)};
  for (std::size_t step = 1; step < kSteps; ++step) {
    add_affine(sum, load_rows(rows[step].data()), digits[step / kStepsPerScalar].negative[step % kStepsPerScalar]);
  }
  add_partner<4>(sum);
  add_partner<2>(sum);
  add_partner<1>(sum);

  // In one go: r Z^2 and (r + n) Z^2 and X and Z^2, the first two with r as it stands, the others times one, so that
  // all come out of Montgomery's form.
  const Lanes zz = squared(sum.z);
  const Lanes left = choose(0x04, zz, sum.x);
  constexpr Words256 kPlainOne = {1, 0, 0, 0};
  // x mod n == r means x == r or, for an r below p - n, x == r + n.
  constexpr Words256 kGap = difference_of(kP256Prime, kP256Order);
  const Words256 other_r = is_less(scalars.r, kGap) ? sum_of(scalars.r, kP256Order) : scalars.r;
  const Lanes right =
      from_words({scalars.r, other_r, kPlainOne, kPlainOne, kPlainOne, kPlainOne, kPlainOne, kPlainOne});
  const auto compared = to_words(canonical(times(left, right)));
  if (compared[3] == Words256{}) return Es256Verdict::Undecided;
  const bool is_equal = compared[0] == compared[2] || compared[1] == compared[2];
  return is_equal ? Es256Verdict::Valid : Es256Verdict::Invalid;
}

}  // namespace claviger::crypto

#else

namespace claviger::crypto {

bool Es256LaneTable::has_lanes() { return false; }
const Es256LaneTable* Es256LaneTable::of_generator() { return nullptr; }
Result<std::unique_ptr<const Es256LaneTable>> Es256LaneTable::build(const Words256&, const Words256&) {
  return Error{Code::Unsupported, "es256.lanes"};
}
Es256Verdict check_in_lanes(const Es256LaneTable&, const Es256LaneTable&, const Es256Scalars&) {
  return Es256Verdict::Undecided;
}

}  // namespace claviger::crypto

#endif
