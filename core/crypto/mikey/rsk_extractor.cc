#include "core/crypto/mikey/rsk_extractor.h"

#include "core/crypto/mikey/field_lanes.h"
#include "core/crypto/mikey/identifier.h"
#include "core/crypto/mikey/rsk_batch.h"
#include "core/crypto/random.h"

namespace claviger::mikey {
namespace {

// Below this many users the shared inversions cost more than affine coordinates save.
constexpr std::size_t kSharedMin = 6;
// From this many users on the weighted sum over all of them is looked at: it costs one more multiplication a batch.
constexpr std::size_t kWeighedMin = 32;
// Weights that fall unhappily (two equal users with equal weights meet) are drawn again.
constexpr int kWeighingsMax = 4;

// One number an Element, with the portable multiplication or with mulx.
template <void (*Multiply)(Fp&, const Fp&, const Fp&)>
struct WordEngine {
  using Element = Fp;
  static constexpr std::size_t kLanes = 1;
  static void multiply(Element& out, const Element& a, const Element& b) { Multiply(out, a, b); }
  static void minus(Element& out, const Element& a, const Element& b) { out = mikey::minus(a, b); }
  static const Element& one() { return field_modulus().one; }
  static bool invert(Element& a) {
    auto over = inverse(field_modulus(), a);
    if (!over) return false;
    a = *over;
    return true;
  }
  static void select(Element& x, Element& y, std::size_t window, const std::uint8_t* chunks) {
    AffinePoint row = fixed_row(fixed_window(window), chunks[0]);
    const WipeAtEnd wipe_row(row);
    x = row.x;
    y = row.y;
  }
  static void negate_where(Element& y, std::uint8_t lanes) { y = choose(mask_if(lanes & 1U), y, negative(y)); }
  static void load(Element& x, Element& y, const AffinePoint* points) {
    x = points[0].x;
    y = points[0].y;
  }
  static void store(AffinePoint* points, const Element& x, const Element& y) { points[0] = {x, y}; }
};

// Memory of plain words that is wiped before it is freed.
template <typename T>
class WipedArray {
 public:
  explicit WipedArray(std::size_t count) : count_(count), items_(new T[count]()) {}
  WipedArray(const WipedArray&) = delete;
  WipedArray& operator=(const WipedArray&) = delete;
  ~WipedArray() { wipe(std::as_writable_bytes(std::span(items_.get(), count_))); }
  std::span<T> span() { return {items_.get(), count_}; }
  T& operator[](std::size_t index) { return items_[index]; }

 private:
  std::size_t count_;
  std::unique_ptr<T[]> items_;
};

// t = 1 / (a + z) of each, with one inversion for all; and each is checked against what it was made of.
Result<Unit> invert_identifiers(std::span<const Bytes> identifiers, const Secret<kSakkeScalarBytes>& master,
                                std::span<Scalar> t) {
  const Modulus<16>& q = order_modulus();
  Scalar z = words_from_octets<16>(master.reveal());
  const WipeAtEnd wipe_z(z);
  for (std::size_t i = 0; i < t.size(); ++i) {
    CLAVIGER_TRY(a, identifier_number(identifiers[i]));
    t[i] = q.to_form(q.sum(a, z));
    if (is_zero(t[i]) != 0) return Error{Code::BadValue, "rsk.identifier"};
  }
  if (auto inverted = invert_all(q, t); !inverted) return Error{Code::CryptoFailure, "rsk.inverse"};
  for (std::size_t i = 0; i < t.size(); ++i) {
    CLAVIGER_TRY(a, identifier_number(identifiers[i]));
    const Scalar s = q.to_form(q.sum(a, z));
    if (is_equal(q.product(t[i], s), q.one) == 0) return Error{Code::CryptoFailure, "rsk.inverse.check"};
  }
  return Unit{};
}

// Whether the weighted sum of the points is the weighted sum of the scalars times P. Points that a fault moved (on the
// curve: that is checked one by one) escape with the chance that their errors, under weights from 1 to 255 that nobody
// knew, cancel. `t` in Montgomery's form.
template <typename Engine>
Result<bool> sums_agree(RskBatch<Engine>& batch, std::span<const Scalar> t, std::span<const AffinePoint> points) {
  const Modulus<16>& q = order_modulus();
  for (int weighing = 0; weighing < kWeighingsMax; ++weighing) {
    std::vector<std::uint8_t> signs(points.size());
    CLAVIGER_TRY(drawn, crypto::fill_random(std::as_writable_bytes(std::span(signs))));
    WipedArray<AffinePoint> weighed(points.size());
    std::copy(points.begin(), points.end(), weighed.span().begin());
    if (!batch.weigh(signs, weighed.span())) continue;

    Scalar total{};
    const WipeAtEnd wipe_total(total);
    JacobianPoint sum{weighed[0].x, weighed[0].y, field_modulus().one};
    const WipeAtEnd wipe_sum(sum);
    for (std::size_t i = 0; i < points.size(); ++i) {
      std::int64_t weight = 128;
      for (unsigned bit = 0; bit < 7; ++bit) weight += (signs[i] >> bit & 1U) != 0 ? -(1 << bit) : 1 << bit;
      total = q.sum(total, q.product(t[i], q.to_form(from_word<16>(static_cast<std::uint64_t>(weight)))));
      if (i > 0) sum = plus(sum, weighed[i]);
    }
    total = q.from_form(total);
    if (is_zero(sum.z) != 0 || is_zero(total) != 0) continue;
    auto expected = multiply_generator(total);
    if (!expected) return expected.error();
    const WipeAtEnd wipe_expected(*expected);
    const Fp zz = squared(sum.z);
    return (is_equal(times(expected->x, zz), sum.x) & is_equal(times(expected->y, times(zz, sum.z)), sum.y)) != 0;
  }
  return false;
}

Result<Unit> multiply_one_by_one(std::span<const Scalar> t, std::span<AffinePoint> points) {
  for (std::size_t i = 0; i < t.size(); ++i) {
    Scalar k = order_modulus().from_form(t[i]);
    const WipeAtEnd wipe_k(k);
    auto point = multiply_generator(k);
    if (!point) return point.error();
    const WipeAtEnd wipe_point(*point);
    points[i] = *point;
  }
  return Unit{};
}

template <typename Engine>
Result<Unit> multiply_together(std::span<const Scalar> t, std::span<AffinePoint> points) {
  if (t.size() < kSharedMin) return multiply_one_by_one(t, points);
  WipedArray<FixedDigits> digits(t.size());
  for (std::size_t i = 0; i < t.size(); ++i) {
    Scalar k = order_modulus().from_form(t[i]);
    const WipeAtEnd wipe_k(k);
    digits[i] = fixed_digits(k);
  }
  RskBatch<Engine> batch(t.size());
  if (!batch.multiply(digits.span(), points)) return multiply_one_by_one(t, points);
  if (t.size() < kWeighedMin) return Unit{};
  CLAVIGER_TRY(agree, sums_agree(batch, t, points));
  if (!agree) return Error{Code::CryptoFailure, "rsk.sum"};
  return Unit{};
}

Result<Unit> multiply_all(RskEngine engine, std::span<const Scalar> t, std::span<AffinePoint> points) {
  switch (engine) {
    case RskEngine::Portable:
      return multiply_together<WordEngine<multiply_portable>>(t, points);
    case RskEngine::Mulx:
      return multiply_together<WordEngine<multiply_mulx>>(t, points);
    case RskEngine::Lanes:
#if defined(__x86_64__)
      return multiply_together<LaneEngine>(t, points);
#else
      break;
#endif
  }
  return Error{Code::Unsupported, "rsk.engine"};
}

}  // namespace

struct RskExtractor::Parts {
  Secret<kSakkeScalarBytes> z;
  RskEngine engine;
};

RskExtractor::RskExtractor(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RskExtractor::RskExtractor(RskExtractor&&) noexcept = default;
RskExtractor& RskExtractor::operator=(RskExtractor&&) noexcept = default;
RskExtractor::~RskExtractor() = default;

bool RskExtractor::has_engine(RskEngine engine) {
  switch (engine) {
    case RskEngine::Portable:
      return true;
    case RskEngine::Mulx:
      return has_mulx();
    case RskEngine::Lanes:
      return has_ifma();
  }
  return false;
}

RskEngine RskExtractor::best_engine() {
  if (has_ifma()) return RskEngine::Lanes;
  return has_mulx() ? RskEngine::Mulx : RskEngine::Portable;
}

Result<RskExtractor> RskExtractor::make(const SakkeMasterSecret& master, RskEngine engine) {
  if (!has_engine(engine)) return Error{Code::Unsupported, "rsk.engine"};
  // The tables, before the first user waits for them.
  static_cast<void>(fixed_window(0));
#if defined(__x86_64__)
  if (engine == RskEngine::Lanes) LaneEngine::prepare();
#endif
  return RskExtractor(std::make_unique<Parts>(Parts{Secret<kSakkeScalarBytes>(master.octets().reveal()), engine}));
}

RskEngine RskExtractor::engine() const { return parts_->engine; }

Result<Unit> RskExtractor::extract(std::span<const Bytes> identifiers, std::span<Rsk> out) const {
  CLAVIGER_ASSERT(identifiers.size() == out.size() && identifiers.size() <= kBatchMax);
  if (identifiers.empty()) return Unit{};
  WipedArray<Scalar> t(identifiers.size());
  WipedArray<AffinePoint> points(identifiers.size());
  auto done = invert_identifiers(identifiers, parts_->z, t.span());
  if (done) done = multiply_all(parts_->engine, t.span(), points.span());
  for (std::size_t i = 0; done && i < out.size(); ++i) {
    if (!is_on_curve(points[i])) {
      done = Error{Code::CryptoFailure, "rsk.check"};
    } else {
      point_to_octets(points[i], out[i].reveal_for_writing());
    }
  }
  if (!done) {
    for (Rsk& rsk : out) rsk = Rsk();
  }
  return done;
}

}  // namespace claviger::mikey
