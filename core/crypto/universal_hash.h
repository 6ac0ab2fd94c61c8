// A keyed 128-bit universal hash of a byte string: POLYVAL (RFC 8452 clause 3) of its zero-padded blocks and
// a block with its length.
//
// For tables under our own roof, keyed with a secret made at start: two different strings of at most n blocks
// collide with probability (n + 1) / 2^128 whoever chose them, as long as nobody sees the hashes: they never
// leave the process. It is not a MAC and not a digest.
//
// Immutable, any thread. The instructions (AVX-512 VPCLMULQDQ, PCLMULQDQ, portable) are chosen at run time;
// all give the same values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::crypto {

inline constexpr std::size_t kUniversalHashKeyBytes = 16;

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Hash128&) const = default;
};

class UniversalHash {
 public:
  explicit UniversalHash(const Secret<kUniversalHashKeyBytes>& key);
  // With a random key.
  static Result<UniversalHash> generate();
  UniversalHash(UniversalHash&&) noexcept;
  UniversalHash& operator=(UniversalHash&&) noexcept;
  ~UniversalHash();

  Hash128 operator()(Bytes message) const;

 private:
  struct Powers;
  std::unique_ptr<const Powers> powers_;
};

}  // namespace claviger::crypto
