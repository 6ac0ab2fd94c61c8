// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed 64-bit hash for tables and home shards that peers choose keys for.
//
// Pure function, any thread. Not a MAC for anything that leaves the process.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"

namespace claviger {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

std::uint64_t siphash(SipKey key, Bytes bytes);
inline std::uint64_t siphash(SipKey key, std::string_view text) { return siphash(key, as_bytes(text)); }

}  // namespace claviger
