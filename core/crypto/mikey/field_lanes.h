// The field of SAKKE on eight numbers at once: an engine for rsk_batch.h over lane_element.h, with the ways in and out.
//
// Call nothing here unless has_ifma(). Constant time; any thread.
#pragma once

#include "core/crypto/mikey/curve.h"
#include "core/crypto/mikey/lane_element.h"

namespace claviger::mikey {

bool has_ifma();

struct LaneEngine {
  using Element = LaneElement;
  static constexpr std::size_t kLanes = kLaneCount;
  static void multiply(Element& out, const Element& a, const Element& b) { lanes_multiply(out, a, b); }
  static void minus(Element& out, const Element& a, const Element& b) { lanes_minus(out, a, b); }
  static void negate_where(Element& y, std::uint8_t lanes) { lanes_negate_where(y, lanes); }
  // Builds the table, if nobody has: some 10 ms.
  static void prepare();
  static const Element& one();
  static bool invert(Element& a);
  static void select(Element& x, Element& y, std::size_t window, const std::uint8_t* chunks);
  static void load(Element& x, Element& y, const AffinePoint* points);
  static void store(AffinePoint* points, const Element& x, const Element& y);
};

}  // namespace claviger::mikey
