// Multiples of one P-256 public key, computed ahead so that verifying with it is a sum of known points.
//
// Immutable, any thread; about 256 KiB. Built off the loop and published by the owner of the key
// (VerifyKey::build_table). Everything here is public: the time depends on the values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/bytes.h"
#include "core/base/result.h"

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
  struct Numbers;
  std::unique_ptr<Numbers> numbers_;
};

// Undecided: an exceptional case that the fast path leaves to EVP. Whoever holds the private key can cause
// it, at will; it costs them nothing and us what a verification without a table costs.
enum class Es256Verdict : std::uint8_t { Valid, Invalid, Undecided };

class Es256Table {
 public:
  // `x` and `y` of a point on the curve: VerifyKey has checked it.
  static Result<std::shared_ptr<const Es256Table>> build(Bytes x, Bytes y);
  ~Es256Table();

  bool is_of(Bytes x, Bytes y) const;

  // Of a raw signature that is_es256_signature(), over a SHA-256 digest.
  Es256Verdict check(Es256Scratch& scratch, Bytes digest, Bytes signature) const;

 private:
  struct Points;
  Es256Table(Bytes x, Bytes y, std::unique_ptr<const Points> points);
  std::array<std::byte, 64> key_;
  std::unique_ptr<const Points> points_;
};

}  // namespace claviger::crypto
