// AES key wrap (RFC 3394) and key wrap with padding (RFC 5649): key material under a transport key (TS 33.180 clause
// 5.3.3, where the KMS sends each user key wrapped under the TrK).
//
// 256-bit keys wrap by the processor's AES where it has it (key_wrap_rounds.h: a twentieth of OpenSSL's time), the rest by
// OpenSSL. A wrapped key authenticates itself: a flipped bit, the other mode's data or a pad that is not zero do not unwrap.
// Holds a context of OpenSSL, so one thread at a time: each shard has its own. The key is scheduled per call, for
// transport keys are the users' own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::crypto {

enum class KeyWrapMode : std::uint8_t {
  Rfc3394,  // a multiple of 8 octets, at least 16
  Rfc5649,  // 1 octet and more
};

// The largest thing wrapped is an RSK of 257 octets; room for others of its kind.
inline constexpr std::size_t kKeyWrapPlainBytesMax = 1024;

constexpr std::size_t wrapped_size(KeyWrapMode mode, std::size_t plain_size) {
  return mode == KeyWrapMode::Rfc3394 ? plain_size + 8 : (plain_size + 7) / 8 * 8 + 8;
}

enum class KeyWrapEngine : std::uint8_t { Fastest, Portable };

class KeyWrap {
 public:
  static Result<KeyWrap> make(KeyWrapEngine engine = KeyWrapEngine::Fastest);
  KeyWrap(KeyWrap&&) noexcept;
  KeyWrap& operator=(KeyWrap&&) noexcept;
  ~KeyWrap();

  // `key` has 16, 24 or 32 octets (KeyMalformed). Writes wrapped_size() octets to the front of `out`, which must have
  // room (asserted) and not overlap `plain`. OutOfRange when the mode cannot wrap that length.
  Result<std::size_t> wrap(KeyWrapMode mode, Bytes key, Bytes plain, MutableBytes out);
  // Several keys under one, each as wrap() does it; side by side where the processor can. The longest first.
  struct Wrapping {
    Bytes plain;
    MutableBytes out;      // at least wrapped_size()
    std::size_t size = 0;  // what was written
  };
  static constexpr std::size_t kTogetherMax = 8;
  Result<Unit> wrap_together(KeyWrapMode mode, Bytes key, std::span<Wrapping> all);
  // SealBroken when anything is other than it was wrapped, lengths included: nothing tells which.
  Result<SecretBytes> unwrap(KeyWrapMode mode, Bytes key, Bytes wrapped);

 private:
  struct Context;
  explicit KeyWrap(std::unique_ptr<Context> context);
  std::unique_ptr<Context> context_;
};

}  // namespace claviger::crypto
