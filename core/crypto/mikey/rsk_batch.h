// Many [k]P at once, in affine coordinates: in each window every sum gets one row of the table (fixed_base.h), and all
// additions share one inversion. An addition costs 5 products and a square so, where Jacobian coordinates cost 11.
//
// A template over the engine that does the field: eight users an Element (field_lanes.h) or one (rsk_extractor.cc). An
// engine has
//   Element, kLanes;  multiply(out, a, b), minus(out, a, b);  invert(a): false when a lane is zero;
//   select(x, y, window, chunks): the points of one digit a lane;  negate_where(y, bits): lanes whose bit is set;
//   load(x, y, points) and store(points, x, y): as AffinePoint.
// Values are secret: constant time, and wiped. One thread an object.
#pragma once

#include <memory>

#include "core/crypto/mikey/fixed_base.h"

namespace claviger::mikey {

template <typename Engine>
class RskBatch {
 public:
  static constexpr std::size_t kLanes = Engine::kLanes;
  using Element = typename Engine::Element;

  explicit RskBatch(std::size_t users) : sets_((users + kLanes - 1) / kLanes), sums_(new Sum[sets_]) {}
  RskBatch(const RskBatch&) = delete;
  RskBatch& operator=(const RskBatch&) = delete;
  ~RskBatch() {
    wipe(std::as_writable_bytes(std::span(sums_.get(), sets_)));
    wipe(std::as_writable_bytes(std::span(&scratch_, 1)));
  }

  // points[i] = [k_i]P of the digits. False when an addition met an exception (see fixed_base.h): nothing is good then.
  bool multiply(std::span<const FixedDigits> digits, std::span<AffinePoint> points) {
    for (std::size_t set = 0; set < sets_; ++set) select(set, kFixedWindows - 1, digits, sums_[set].x, sums_[set].y);
    for (std::size_t window = kFixedWindows - 1; window-- > 0;) {
      for (std::size_t set = 0; set < sets_; ++set) select(set, window, digits, sums_[set].row_x, sums_[set].row_y);
      if (!add_rows()) return false;
    }
    for (std::size_t set = 0; set < sets_; ++set) store(set, points);
    return true;
  }

  // points[i] = [w_i]points[i] for the odd weights w = 2^7 + sum of +-2^j, a set bit j of signs[i] for minus.
  bool weigh(std::span<const std::uint8_t> signs, std::span<AffinePoint> points) {
    for (std::size_t set = 0; set < sets_; ++set) {
      AffinePoint base[kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) base[lane] = points[user(set, lane, points.size())];
      Engine::load(sums_[set].x, sums_[set].y, base);
    }
    std::unique_ptr<Element[]> base_x(new Element[2 * sets_]);
    Element* const base_y = base_x.get() + sets_;
    for (std::size_t set = 0; set < sets_; ++set) {
      base_x[set] = sums_[set].x;
      base_y[set] = sums_[set].y;
    }
    bool good = true;
    for (std::size_t bit = 7; good && bit-- > 0;) {
      good = double_sums();
      for (std::size_t set = 0; good && set < sets_; ++set) {
        std::uint8_t negative = 0;
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
          const unsigned sign = static_cast<unsigned>(signs[user(set, lane, signs.size())]) >> bit & 1U;
          negative = static_cast<std::uint8_t>(negative | sign << lane);
        }
        sums_[set].row_x = base_x[set];
        sums_[set].row_y = base_y[set];
        Engine::negate_where(sums_[set].row_y, negative);
      }
      good = good && add_rows();
    }
    for (std::size_t set = 0; good && set < sets_; ++set) store(set, points);
    wipe(std::as_writable_bytes(std::span(base_x.get(), 2 * sets_)));
    return good;
  }

 private:
  struct Sum {
    Element x, y;          // the sum so far
    Element row_x, row_y;  // what is added to it
    Element over;          // what is divided by, and then one over it
    Element before;        // the product of the sets before
  };
  // What multiply() and weigh() write to in between.
  struct Scratch {
    Element running, slope, square, difference;
  };

  // Lanes beyond the last user repeat the first.
  static std::size_t user(std::size_t set, std::size_t lane, std::size_t count) {
    const std::size_t index = set * kLanes + lane;
    return index < count ? index : 0;
  }

  void select(std::size_t set, std::size_t window, std::span<const FixedDigits> digits, Element& x, Element& y) {
    std::uint8_t chunks[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) chunks[lane] = digits[user(set, lane, digits.size())][window];
    Engine::select(x, y, window, chunks);
  }

  void store(std::size_t set, std::span<AffinePoint> points) {
    AffinePoint lanes[kLanes];
    Engine::store(lanes, sums_[set].x, sums_[set].y);
    for (std::size_t lane = 0; lane < kLanes && set * kLanes + lane < points.size(); ++lane) {
      points[set * kLanes + lane] = lanes[lane];
    }
    wipe(std::as_writable_bytes(std::span(lanes)));
  }

  // Each `over` becomes one over it.
  bool invert() {
    Element& running = scratch_.running;
    running = sums_[0].over;
    for (std::size_t set = 1; set < sets_; ++set) {
      sums_[set].before = running;
      Engine::multiply(running, running, sums_[set].over);
    }
    if (!Engine::invert(running)) return false;
    for (std::size_t set = sets_; set-- > 1;) {
      Engine::multiply(sums_[set].before, sums_[set].before, running);
      Engine::multiply(running, running, sums_[set].over);
      sums_[set].over = sums_[set].before;
    }
    sums_[0].over = running;
    return true;
  }

  // slope = (y2 - y1) / (x2 - x1), x3 = slope^2 - x1 - x2, y3 = slope (x1 - x3) - y1.
  bool add_rows() {
    for (std::size_t set = 0; set < sets_; ++set) Engine::minus(sums_[set].over, sums_[set].row_x, sums_[set].x);
    if (!invert()) return false;
    for (std::size_t set = 0; set < sets_; ++set) {
      Sum& sum = sums_[set];
      Engine::minus(sum.row_y, sum.row_y, sum.y);
      Engine::multiply(scratch_.slope, sum.row_y, sum.over);
      finish(sum);
    }
    return true;
  }

  // slope = (3 x^2 - 3) / (2 y): here 3 (x + 1) (x - 1) / (y + y).
  bool double_sums() {
    Element& twice = scratch_.difference;
    for (std::size_t set = 0; set < sets_; ++set) {
      Engine::minus(twice, {}, sums_[set].y);
      Engine::minus(sums_[set].over, sums_[set].y, twice);
    }
    if (!invert()) return false;
    for (std::size_t set = 0; set < sets_; ++set) {
      Sum& sum = sums_[set];
      Engine::multiply(scratch_.square, sum.x, sum.x);
      Engine::minus(scratch_.square, scratch_.square, Engine::one());
      Engine::minus(scratch_.slope, {}, scratch_.square);
      Engine::minus(scratch_.slope, scratch_.square, scratch_.slope);
      Engine::minus(scratch_.slope, {}, scratch_.slope);
      Engine::minus(scratch_.slope, scratch_.square, scratch_.slope);
      Engine::multiply(scratch_.slope, scratch_.slope, sum.over);
      sum.row_x = sum.x;
      finish(sum);
    }
    return true;
  }

  void finish(Sum& sum) {
    Engine::multiply(scratch_.square, scratch_.slope, scratch_.slope);
    Engine::minus(scratch_.square, scratch_.square, sum.row_x);
    Engine::minus(scratch_.square, scratch_.square, sum.x);  // x3
    Engine::minus(scratch_.difference, sum.x, scratch_.square);
    sum.x = scratch_.square;
    Engine::multiply(scratch_.slope, scratch_.slope, scratch_.difference);
    Engine::minus(sum.y, scratch_.slope, sum.y);
  }

  std::size_t sets_;
  std::unique_ptr<Sum[]> sums_;
  Scratch scratch_;
};

}  // namespace claviger::mikey
