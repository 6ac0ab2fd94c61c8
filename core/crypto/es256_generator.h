// Multiples of the generator of P-256 by secret numbers, in eight lanes of AVX-512 IFMA: a third of OpenSSL's time.
//
// A number k has 64 odd digits from -15 to 15, one to each four bits (none is zero: no lane ever waits), and the table
// has d * 16^i * G for each positive digit d and each i: 512 points, 40 KiB. A digit's point is picked by reading all
// eight of its place, its sign is a mask: neither time nor addresses tell of k.
//
// One table for the process, immutable, any thread.
#pragma once

#include <memory>
#include <optional>

#include "core/crypto/words256.h"

namespace claviger::crypto {

// x = X / Z^2. Z would tell of the number that the generator was multiplied by.
struct ProjectiveX {
  Words256 x;
  Words256 z;
};

class Es256Generator {
 public:
  // Made at the first call, in some 3 ms; nullptr where the processor has no lanes.
  static const Es256Generator* of_process();

  // Of k G, with 0 < k < n, both below p; the caller wipes them. Nothing in the cases that the formulas do not know,
  // which are a few in 2^256.
  std::optional<ProjectiveX> multiply(const Words256& k) const;

  Es256Generator(const Es256Generator&) = delete;
  Es256Generator& operator=(const Es256Generator&) = delete;
  ~Es256Generator();

 private:
  struct Points;
  explicit Es256Generator(std::unique_ptr<const Points> points);
  std::unique_ptr<const Points> points_;
};

}  // namespace claviger::crypto
