// What a token's bytes are known by inside one process: their 128-bit universal hash under a key that nobody outside
// knows. Two tokens share a digest with probability of about length/16 in 2^128, whoever chose them, so equal digests
// are taken for equal tokens. A value; never leaves the process, never logged.
#pragma once

#include <cstdint>

namespace claviger::tokens {

struct TokenDigest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const TokenDigest&) const = default;
};

}  // namespace claviger::tokens
