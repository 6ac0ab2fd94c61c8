// ES256 verification as a sum of 64 known points in eight lanes: 32 multiples of the key, 32 of the generator.
//
// A scalar is written with 32 odd digits from -255 to 255 (none is zero: no lane ever waits), one a byte, and the
// table has d * 2^(8 i) * P for each positive digit d and each byte i: 4096 points of 64 bytes, 256 KiB. Eight lanes
// add eight points each and are then added to one another. One signature costs some 3 us so; no batch is needed.
//
// Exceptional cases (a point added to itself or to its negative) leave Z = 0 for good in these formulas: that is
// looked for once, at the end, and left to EVP. The tables and scalars are public.
//
// Used by es256_table.cc and tests. Call only where has_lanes().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/crypto/es256_scalars.h"
#include "core/crypto/es256_verdict.h"
#include "core/crypto/words256.h"

namespace claviger::crypto {

class Es256LaneTable {
 public:
  static constexpr std::size_t kWindows = 32;
  static constexpr std::size_t kRowsPerWindow = 128;

  // Affine coordinates, times 2^260 modulo p and below p.
  struct alignas(64) Row {
    Words256 x;
    Words256 y;
  };

  static bool has_lanes();
  // Of a point on the curve, in affine coordinates.
  static Result<std::unique_ptr<const Es256LaneTable>> build(const Words256& x, const Words256& y);
  // Of the generator: one for all keys, made at the first call; nullptr if that failed.
  static const Es256LaneTable* of_generator();

  const Row* window(std::size_t index) const { return rows_.data() + index * kRowsPerWindow; }

 private:
  Es256LaneTable() = default;
  std::array<Row, kWindows * kRowsPerWindow> rows_;
};

Es256Verdict check_in_lanes(const Es256LaneTable& generator, const Es256LaneTable& key, const Es256Scalars& scalars);

}  // namespace claviger::crypto
