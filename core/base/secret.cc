#include "core/base/secret.h"

#include <openssl/crypto.h>
#include <string.h>

namespace claviger {

bool equals_constant_time(Bytes left, Bytes right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

// The C library's, by its widest stores; the compiler leaves it alone, as it does OPENSSL_cleanse(), which takes eight octets at a
// time: a key that is moved is wiped each time.
void wipe(MutableBytes bytes) noexcept {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

}  // namespace claviger
