// AES-256-GCM (NIST SP 800-38D) for what we write down and read back: sealed records, tickets, cookies.
//
// Layout of what is sealed: nonce (12 bytes, random) | ciphertext (as long as the plaintext) | tag (16
// bytes). The associated data is not in it; it binds the bytes to their place (table and key), so that a
// sealed value copied elsewhere does not open.
//
// Holds its two contexts keyed ahead, so an operation pays neither a fetch nor a key schedule. One thread at
// a time: each shard makes its own from the same key. With random nonces one key seals at most 2^32 values
// (clause 8.3); owners of keys rotate long before.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/random.h"

namespace claviger::crypto {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;
inline constexpr std::size_t kAeadOverhead = kAeadNonceBytes + kAeadTagBytes;

constexpr std::size_t sealed_size(std::size_t plaintext_size) { return plaintext_size + kAeadOverhead; }

class Aead {
 public:
  static Result<Aead> make(const Secret<kAeadKeyBytes>& key);
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();

  // Writes sealed_size(plaintext.size()) bytes to the front of `out`, which must have room for them
  // (asserted) and must not overlap `plaintext`. The number written.
  Result<std::size_t> seal(Bytes associated, Bytes plaintext, MutableBytes out);
  Result<SecretBytes> seal(Bytes associated, Bytes plaintext);

  // Writes the plaintext to the front of `out`, which must have room for it (asserted); the number written.
  // SealBroken when key, associated data, nonce or a single bit is another: `out` is wiped then.
  Result<std::size_t> open(Bytes associated, Bytes sealed, MutableBytes out);
  Result<SecretBytes> open(Bytes associated, Bytes sealed);

 private:
  struct Contexts;
  explicit Aead(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

// One value under a key that serves for nothing else: as an Aead's, without what pays only over many.
Result<std::size_t> seal_once(const Secret<kAeadKeyBytes>& key, Bytes associated, Bytes plaintext, MutableBytes out);
Result<SecretBytes> open_once(const Secret<kAeadKeyBytes>& key, Bytes associated, Bytes sealed);

}  // namespace claviger::crypto
