// Random bytes from OpenSSL's generators, and from nowhere else.
//
// fill_random() may be called on any thread: each has its own generator and pool. A RandomPool belongs to one thread.
#pragma once

#include <array>
#include <cstddef>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::crypto {

// From RAND_priv_bytes: keys, codes, secrets; up to 32 bytes of any of them from those drawn ahead for this thread.
// CryptoFailure when the kernel gives no entropy: the caller must not go on with what is in `out`.
Result<Unit> fill_random(MutableBytes out);

template <std::size_t N>
Result<Secret<N>> random_bytes() {
  Secret<N> secret;
  if (auto filled = fill_random(secret.reveal_for_writing()); !filled) return filled.error();
  return secret;
}

// Random bytes drawn ahead: a call of OpenSSL's generator costs some 300 ns whatever its length, and one
// token needs a few short draws. Bytes are wiped as they are handed out.
class RandomPool {
 public:
  RandomPool() = default;
  RandomPool(const RandomPool&) = delete;
  RandomPool& operator=(const RandomPool&) = delete;
  ~RandomPool() { wipe(bytes_); }

  Result<Unit> fill(MutableBytes out);

 private:
  // 32 draws of 16 bytes; more would only keep more of the future in memory.
  static constexpr std::size_t kPoolBytes = 512;
  std::array<std::byte, kPoolBytes> bytes_{};
  std::size_t left_ = 0;  // the unused bytes stand at the front
};

}  // namespace claviger::crypto
