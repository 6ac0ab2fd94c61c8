// SHA-256 and SHA-512 (FIPS 180-4).
//
// Over OpenSSL's SHA256_CTX rather than EVP: a token's digest costs 430 ns so, 477 with a reused EVP context
// and 680 with a fresh one. Any thread; an object belongs to one.
#pragma once

#include <array>
#include <cstddef>

#include "core/base/bytes.h"

namespace claviger::crypto {

inline constexpr std::size_t kSha256Bytes = 32;
inline constexpr std::size_t kSha512Bytes = 64;
using Sha256Digest = std::array<std::byte, kSha256Bytes>;
using Sha512Digest = std::array<std::byte, kSha512Bytes>;

Sha256Digest sha256(Bytes message);
// at_hash and c_hash of an ID token signed with EdDSA (OIDC Core clause 3.1.3.6).
Sha512Digest sha512(Bytes message);

// Piece by piece. Copying forks the state: a common prefix is hashed once.
class Sha256 {
 public:
  Sha256();
  void update(Bytes piece);
  // Ends the message; afterwards only assignment is allowed.
  Sha256Digest finish();

 private:
  friend class HmacSha256;
  static constexpr std::size_t kStateBytes = 112;  // sizeof(SHA256_CTX), asserted where it is known
  alignas(8) std::array<std::byte, kStateBytes> state_;
};

}  // namespace claviger::crypto
