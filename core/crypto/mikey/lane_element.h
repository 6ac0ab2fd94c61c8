// Arithmetic modulo SAKKE's p on eight numbers at once, in AVX-512 IFMA.
//
// A number is 20 limbs of 52 bits, lane by lane, in Montgomery's form with R = 2^1040. 16 bits are to spare above p, so
// numbers need not be below p: all are below 1.001 p, before and after each function. Constant time, any thread.
//
// lane_element.cc alone is compiled for these instructions: this header takes nothing from others, so that no inline
// function compiled there can end up where the instructions are missing. Call only where has_ifma() (field_lanes.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace claviger::mikey {

inline constexpr std::size_t kLaneLimbs = 20;
inline constexpr std::size_t kLaneCount = 8;

struct alignas(64) LaneElement {
  std::uint64_t limb[kLaneLimbs][kLaneCount];
};
// A point of the table: for all lanes the same, its limbs of x and then of y, below p.
struct LaneRow {
  std::uint64_t limb[2 * kLaneLimbs];
};

// `out` may be an operand.
void lanes_multiply(LaneElement& out, const LaneElement& a, const LaneElement& b);
void lanes_minus(LaneElement& out, const LaneElement& a, const LaneElement& b);
// Of the 32 rows of a window, the one of each lane's digit; all rows are read. See fixed_base.h for the digits.
void lanes_select(LaneElement& x, LaneElement& y, const LaneRow* rows, const std::uint8_t* chunks);
// p - y in the lanes whose bit is set.
void lanes_negate_where(LaneElement& y, std::uint8_t lanes);

}  // namespace claviger::mikey
