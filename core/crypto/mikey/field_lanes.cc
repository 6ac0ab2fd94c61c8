#include "core/crypto/mikey/field_lanes.h"

#include <memory>

#include "core/crypto/mikey/fixed_base.h"

namespace claviger::mikey {

#if defined(__x86_64__)

namespace {

constexpr std::uint64_t kLimbMask = (std::uint64_t{1} << 52U) - 1;

std::uint64_t limb_of(const Fp& number, std::size_t index) {
  const std::size_t bit = 52 * index;
  const std::uint64_t low = number[bit / 64];
  const std::uint64_t high = bit / 64 + 1 < number.size() ? number[bit / 64 + 1] : 0;
  const DoubleWord both = (DoubleWord{high} << 64U) | low;
  return static_cast<std::uint64_t>(both >> (bit % 64)) & kLimbMask;
}

void set_lane(LaneElement& element, std::size_t lane, const Fp& number) {
  for (std::size_t i = 0; i < kLaneLimbs; ++i) element.limb[i][lane] = limb_of(number, i);
}
LaneElement in_all_lanes(const Fp& number) {
  LaneElement element;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) set_lane(element, lane, number);
  return element;
}

// Of a number below 2^1024, less p if it is not below that.
Fp lane_of(const LaneElement& element, std::size_t lane) {
  Fp number{};
  for (std::size_t i = 0; i < kLaneLimbs; ++i) {
    const std::size_t bit = 52 * i;
    const DoubleWord placed = DoubleWord{element.limb[i][lane]} << (bit % 64);
    number[bit / 64] |= static_cast<std::uint64_t>(placed);
    if (bit / 64 + 1 < number.size()) number[bit / 64 + 1] |= static_cast<std::uint64_t>(placed >> 64U);
  }
  return field_modulus().reduced_once(number, 0);
}

// 2^bits modulo p, as it is.
Fp power_of_two(std::size_t bits) {
  Fp power = from_word<16>(1);
  for (std::size_t i = 0; i < bits; ++i) power = field_modulus().sum(power, power);
  return power;
}

// Products of these divide by 2^1040. From the words' form, a 2^1024, to the lanes', a 2^1040, and back.
const LaneElement& to_lanes() {
  static const LaneElement factor = in_all_lanes(power_of_two(1056));
  return factor;
}
const LaneElement& to_words() {
  static const LaneElement factor = in_all_lanes(power_of_two(1024));
  return factor;
}

using LaneWindow = std::array<LaneRow, kFixedRows>;
using LaneTable = std::array<LaneWindow, kFixedWindows>;

std::unique_ptr<const LaneTable> build() {
  auto table = std::make_unique<LaneTable>();
  for (std::size_t window = 0; window < kFixedWindows; ++window) {
    for (std::size_t row = 0; row < kFixedRows; ++row) {
      // The lanes' form has a factor of 2^16 more.
      const AffinePoint& point = fixed_window(window)[row];
      static const Fp factor = field_modulus().to_form(power_of_two(16));
      const Fp x = times(point.x, factor);
      const Fp y = times(point.y, factor);
      for (std::size_t i = 0; i < kLaneLimbs; ++i) {
        (*table)[window][row].limb[i] = limb_of(x, i);
        (*table)[window][row].limb[kLaneLimbs + i] = limb_of(y, i);
      }
    }
  }
  return table;
}

const LaneTable& lane_table() {
  static const std::unique_ptr<const LaneTable> table = build();
  return *table;
}

}  // namespace

bool has_ifma() {
  static const bool has = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                          __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512ifma") != 0;
  return has;
}

const LaneElement& LaneEngine::one() {
  static const LaneElement element = in_all_lanes(power_of_two(1040));
  return element;
}

bool LaneEngine::invert(Element& a) {
  std::array<Fp, kLaneCount> numbers;
  const WipeAtEnd wipe_numbers(numbers);
  lanes_multiply(a, a, to_words());
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) numbers[lane] = lane_of(a, lane);
  if (!invert_all(field_modulus(), std::span<Fp>(numbers))) return false;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) set_lane(a, lane, numbers[lane]);
  lanes_multiply(a, a, to_lanes());
  return true;
}

void LaneEngine::prepare() { static_cast<void>(lane_table()); }

void LaneEngine::select(Element& x, Element& y, std::size_t window, const std::uint8_t* chunks) {
  lanes_select(x, y, lane_table()[window].data(), chunks);
}

void LaneEngine::load(Element& x, Element& y, const AffinePoint* points) {
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    set_lane(x, lane, points[lane].x);
    set_lane(y, lane, points[lane].y);
  }
  lanes_multiply(x, x, to_lanes());
  lanes_multiply(y, y, to_lanes());
}

void LaneEngine::store(AffinePoint* points, const Element& x, const Element& y) {
  LaneElement words_x;
  LaneElement words_y;
  lanes_multiply(words_x, x, to_words());
  lanes_multiply(words_y, y, to_words());
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    points[lane] = {lane_of(words_x, lane), lane_of(words_y, lane)};
  }
}

#else

bool has_ifma() { return false; }

#endif

}  // namespace claviger::mikey
