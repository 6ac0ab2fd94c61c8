// The points 2^(8 i) P and 2^(8 i + 1) P that an Es256LaneTable is built from. Pure, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/base/result.h"
#include "core/crypto/words256.h"

namespace claviger::crypto {

// Affine, each coordinate times 2^260 modulo p (Montgomery's form of p256_lanes.h).
struct WindowBase {
  Words256 x, y;                // 2^(8 i) P
  Words256 double_x, double_y;  // twice that
};
using WindowBases = std::array<WindowBase, 32>;

// Of a point on the curve. CryptoFailure.
Result<std::unique_ptr<const WindowBases>> window_bases(const Words256& x, const Words256& y);

}  // namespace claviger::crypto
