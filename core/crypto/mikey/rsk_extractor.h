// RSKs of many users at once (RFC 6508 clause 6.1.1): the KMS's hot path, and the one place of arithmetic of our own
// that the broker spends its processors on.
//
// RSK = [t]P with t = 1 / (a + z_T): P is fixed, so [t]P is a sum of 171 points out of a table, one a window of six
// bits. The sums of all users of a batch advance together, in affine coordinates, and share one inversion a window.
// Three engines do the field arithmetic behind one interface: eight users at once in AVX-512 IFMA, words of 64 bits
// with mulx and adcx/adox, and portable C++. All three give the same octets.
//
// Immutable and for any thread; its extract() works on memory that it wipes and frees. Sizes: RskExtractor::kBatchMax
// users a call, some 60 us to 0.4 ms each; the more, the cheaper, for they share 171 inversions of 5 us. The tables (1.7 MB an engine) are built at the first
// make() of the process, in some 30 ms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/crypto/mikey/sakke.h"

namespace claviger::mikey {

enum class RskEngine : std::uint8_t { Portable, Mulx, Lanes };

class RskExtractor {
 public:
  // 512 users are 1 MB of state, which stays in the processor's second cache; the share of an inversion is 2 us by then.
  static constexpr std::size_t kBatchMax = 512;

  // Whether this processor has the engine's instructions, and the fastest that it has.
  static bool has_engine(RskEngine engine);
  static RskEngine best_engine();

  // Copies the master secret into itself.
  static Result<RskExtractor> make(const SakkeMasterSecret& master, RskEngine engine = best_engine());
  RskExtractor(RskExtractor&&) noexcept;
  RskExtractor& operator=(RskExtractor&&) noexcept;
  ~RskExtractor();

  RskEngine engine() const;

  // One RSK for each identifier, in order, into `out` of the same size (asserted), at most kBatchMax (asserted).
  // BadValue when an identifier is empty, too long or the negative of z_T; CryptoFailure when a result does not stand
  // its checks (on the curve each; t (a + z) = 1 each; from 32 users on a sum with random weights). On an error no
  // RSK of the batch may be used, and all are wiped.
  Result<Unit> extract(std::span<const Bytes> identifiers, std::span<Rsk> out) const;

 private:
  struct Parts;
  explicit RskExtractor(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace claviger::mikey
