// Multiples of one P-256 public key, computed ahead so that verifying with it is a sum of known points.
//
// Immutable, any thread; about 256 KiB. Built off the loop and published by the owner of the key
// (VerifyKey::build_table). Everything here is public: the time depends on the values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/es256_verdict.h"
#include "core/crypto/words256.h"

namespace claviger::crypto {

// What one thread's verifications with tables write to.
class Es256Scratch {
 public:
  Es256Scratch();
  Es256Scratch(const Es256Scratch&) = delete;
  Es256Scratch& operator=(const Es256Scratch&) = delete;
  ~Es256Scratch();

 private:
  friend class Es256Table;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Lanes: AVX-512 IFMA, a twentieth of EVP's time, 1 ms to build. Group: OpenSSL's, a third, 20 ms.
enum class Es256Engine : std::uint8_t { Lanes, Group };

class Es256Table {
 public:
  // The faster engine that the processor has.
  static Es256Engine best_engine();

  // `x` and `y` of a point on the curve: VerifyKey has checked it. CryptoFailure.
  static Result<std::shared_ptr<const Es256Table>> build(Bytes x, Bytes y, Es256Engine engine = best_engine());
  ~Es256Table();

  bool is_of(Bytes x, Bytes y) const;
  std::size_t memory_bytes() const;

  // Of a raw signature that is_es256_signature(), over a SHA-256 digest.
  Es256Verdict check(Es256Scratch& scratch, Bytes digest, Bytes signature) const;

 private:
  struct Points;
  Es256Table(const Words256& x, const Words256& y, std::unique_ptr<const Points> points);
  Words256 x_;
  Words256 y_;
  std::unique_ptr<const Points> points_;
};

}  // namespace claviger::crypto
