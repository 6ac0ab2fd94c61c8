#include "core/base/secret.h"

#include <string.h>

#include <cstdint>
#include <cstring>

namespace claviger {

// By words: CRYPTO_memcmp() goes octet by octet, and a token has a thousand in each request. All of them are looked at; the
// compiler learns nothing of the sum before the end, so there is no earlier way out for it to find.
bool equals_constant_time(Bytes left, Bytes right) {
  if (left.size() != right.size()) return false;
  std::uint64_t difference = 0;
  std::size_t at = 0;
  for (; left.size() - at >= sizeof difference; at += sizeof difference) {
    std::uint64_t one = 0;
    std::uint64_t other = 0;
    std::memcpy(&one, &left[at], sizeof one);
    std::memcpy(&other, &right[at], sizeof other);
    difference |= one ^ other;
  }
  for (; at < left.size(); ++at) difference |= std::to_integer<std::uint64_t>(left[at] ^ right[at]);
  asm("" : "+r"(difference));
  return difference == 0;
}

// The C library's, by its widest stores; the compiler leaves it alone, as it does OPENSSL_cleanse(), which takes eight octets at a
// time: a key that is moved is wiped each time.
void wipe(MutableBytes bytes) noexcept {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

}  // namespace claviger
