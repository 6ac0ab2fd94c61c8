// The scalars of an ES256 verification (FIPS 186-5 clause 6.4.2): u1 = e / s and u2 = r / s modulo n.
//
// A calculator belongs to one thread. GMP inverts in 0.7 us, which takes OpenSSL's BN_mod_inverse() 10; its time
// depends on the number, which is public here.
#pragma once

#include <memory>

#include "core/base/bytes.h"
#include "core/crypto/words256.h"

namespace claviger::crypto {

struct Es256Scalars {
  Words256 u1;
  Words256 u2;
  Words256 r;
};

class Es256Calculator {
 public:
  Es256Calculator();
  Es256Calculator(const Es256Calculator&) = delete;
  Es256Calculator& operator=(const Es256Calculator&) = delete;
  ~Es256Calculator();

  // Of a SHA-256 digest and a signature that is_es256_signature().
  Es256Scalars scalars(Bytes digest, Bytes signature);

 private:
  struct Numbers;
  std::unique_ptr<Numbers> numbers_;
};

}  // namespace claviger::crypto
