#include "core/crypto/es256_generator.h"

#if defined(__x86_64__)

#include <openssl/obj_mac.h>

#include "core/base/secret.h"
#include "core/crypto/es256_lanes.h"
#include "core/crypto/openssl.h"
#include "core/crypto/p256_lane_points.h"

namespace claviger::crypto {
namespace {

using p256::AffinePoint;
using p256::kLaneCount;
using p256::kLimbs;
using p256::Lanes;
using p256::Point;

constexpr std::size_t kDigitBits = 4;
constexpr std::size_t kSteps = 256 / kDigitBits / kLaneCount;  // lane l of step s has digit 8 s + l
constexpr std::size_t kRows = 8;                               // the digits 1, 3, 5 .. 15

using Table = std::unique_ptr<const Es256LaneTable>;

// Of 16 G: what es256_lanes.h has for places that are a whole byte apart, half a byte on.
Result<Table> table_of_half_bytes() {
  using GroupPtr = std::unique_ptr<EC_GROUP, FreeWith<EC_GROUP_free>>;
  using PointPtr = std::unique_ptr<EC_POINT, FreeWith<EC_POINT_free>>;
  const GroupPtr group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const PointPtr point(EC_POINT_new(group.get()));
  const BignumPtr x(BN_new());
  const BignumPtr y(BN_new());
  if (!group || !point || !x || !y || BN_set_word(x.get(), 1U << kDigitBits) != 1 ||
      EC_POINT_mul(group.get(), point.get(), x.get(), nullptr, nullptr, nullptr) != 1 ||
      EC_POINT_get_affine_coordinates(group.get(), point.get(), x.get(), y.get(), nullptr) != 1) {
    return openssl_error(Code::CryptoFailure, "es256.generator");
  }
  std::array<std::byte, kP256Bytes> x_bytes{};
  std::array<std::byte, kP256Bytes> y_bytes{};
  if (BN_bn2binpad(x.get(), as_uchar(MutableBytes(x_bytes)), kP256Bytes) != static_cast<int>(kP256Bytes) ||
      BN_bn2binpad(y.get(), as_uchar(MutableBytes(y_bytes)), kP256Bytes) != static_cast<int>(kP256Bytes)) {
    return openssl_error(Code::CryptoFailure, "es256.generator");
  }
  return Es256LaneTable::build(words_from(x_bytes), words_from(y_bytes));
}

CLAVIGER_LANES_INLINE void wipe_lanes(Lanes& lanes) { wipe(std::as_writable_bytes(std::span(&lanes, 1))); }

}  // namespace

struct Es256Generator::Points {
  std::array<std::array<AffinePoint, kRows>, kSteps> rows;
};

Es256Generator::Es256Generator(std::unique_ptr<const Points> points) : points_(std::move(points)) {}
Es256Generator::~Es256Generator() = default;

const Es256Generator* Es256Generator::of_process() {
  static const std::unique_ptr<const Es256Generator> generator = []() CLAVIGER_LANES {
    std::unique_ptr<const Es256Generator> made;
    if (!Es256LaneTable::has_lanes()) return made;
    const Es256LaneTable* bytes = Es256LaneTable::of_generator();
    const auto half_bytes = table_of_half_bytes();
    if (bytes == nullptr || !half_bytes) return made;
    auto points = std::make_unique<Points>();
    for (std::size_t step = 0; step < kSteps; ++step) {
      for (std::size_t row = 0; row < kRows; ++row) {
        std::array<Words256, kLaneCount> x;
        std::array<Words256, kLaneCount> y;
        for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
          const std::size_t digit = step * kLaneCount + lane;
          const Es256LaneTable& table = digit % 2 == 0 ? *bytes : **half_bytes;
          const Es256LaneTable::Row& from = table.window(digit / 2)[row];
          x[lane] = from.x;
          y[lane] = from.y;
        }
        points->rows[step][row] = {p256::from_words(x), p256::from_words(y)};
      }
    }
    made.reset(new Es256Generator(std::move(points)));
    return made;
  }();
  return generator.get();
}

// k = sum of (2 m_j - 1) 2^j over the bits of m = (k - 1) / 2 + 2^255 of an odd k, so four bits b of m make the digit
// 2 b - 15, whose row is b - 8 when it is positive and 7 - b when not. Of an even k it is n - k: the same x.
CLAVIGER_LANES std::optional<ProjectiveX> Es256Generator::multiply(const Words256& k) const {
  Words256 other = difference_of(kP256Order, k);
  const std::uint64_t is_odd = 0 - (k[0] & 1U);
  Words256 odd{};
  for (std::size_t i = 0; i < odd.size(); ++i) odd[i] = (k[i] & is_odd) | (other[i] & ~is_odd);
  Words256 m = {odd[0] >> 1U | odd[1] << 63U, odd[1] >> 1U | odd[2] << 63U, odd[2] >> 1U | odd[3] << 63U,
                odd[3] >> 1U | std::uint64_t{1} << 63U};
  wipe(std::as_writable_bytes(std::span(odd)));
  wipe(std::as_writable_bytes(std::span(other)));  // as good as k

  // The point of each lane's digit, and where it counts with the other sign.
  const auto pick = [&](std::size_t step, __mmask8& negative) CLAVIGER_LANES {
    constexpr long long kDigit = kDigitBits;
    const __m512i places =
        _mm512_set_epi64(7 * kDigit, 6 * kDigit, 5 * kDigit, 4 * kDigit, 3 * kDigit, 2 * kDigit, kDigit, 0);
    const std::uint64_t half = m[step / 2] >> (step % 2 * 32);
    const __m512i digits = _mm512_and_si512(_mm512_srlv_epi64(p256::all_lanes(half), places), p256::all_lanes(15));
    negative = _mm512_cmplt_epu64_mask(digits, p256::all_lanes(kRows));
    const __m512i mirrored = _mm512_mask_xor_epi64(digits, negative, digits, p256::all_lanes(kRows - 1));
    const __m512i row = _mm512_and_si512(mirrored, p256::all_lanes(kRows - 1));
    AffinePoint point = points_->rows[step][0];
    for (std::size_t i = 1; i < kRows; ++i) {
      const __mmask8 is_it = _mm512_cmpeq_epi64_mask(row, p256::all_lanes(i));
      const AffinePoint& candidate = points_->rows[step][i];
      point.x = choose(is_it, point.x, candidate.x);
      point.y = choose(is_it, point.y, candidate.y);
    }
    return point;
  };
  __mmask8 negative = 0;
  AffinePoint point = pick(0, negative);
  const Lanes minus_y = normalized(minus(p256::all_lanes(p256::kPrime), point.y));
  Point sum{point.x, choose(negative, point.y, minus_y), p256::all_lanes(p256::kOne)};
  for (std::size_t step = 1; step < kSteps; ++step) {
    point = pick(step, negative);
    add_affine(sum, point, negative);
  }
  add_partner<4>(sum);
  add_partner<2>(sum);
  add_partner<1>(sum);

  // Both times one, so that they come out of Montgomery's form.
  Lanes both = choose(0x02, sum.x, sum.z);
  constexpr std::array<std::uint64_t, kLimbs> kPlainOne = {1};
  auto words = to_words(canonical(times(both, p256::all_lanes(kPlainOne))));
  std::optional<ProjectiveX> result;
  if (words[1] != Words256{}) result = ProjectiveX{words[0], words[1]};
  for (Lanes* lanes : {&both, &sum.x, &sum.y, &sum.z, &point.x, &point.y}) wipe_lanes(*lanes);
  wipe(std::as_writable_bytes(std::span(words)));
  wipe(std::as_writable_bytes(std::span(m)));
  return result;
}

}  // namespace claviger::crypto

#else

namespace claviger::crypto {

struct Es256Generator::Points {};
Es256Generator::~Es256Generator() = default;
const Es256Generator* Es256Generator::of_process() { return nullptr; }
std::optional<ProjectiveX> Es256Generator::multiply(const Words256&) const { return std::nullopt; }

}  // namespace claviger::crypto

#endif
