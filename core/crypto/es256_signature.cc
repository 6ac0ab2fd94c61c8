#include "core/crypto/es256_signature.h"

#include <algorithm>

#include "core/crypto/words256.h"

namespace claviger::crypto {
namespace {

constexpr std::byte kSequence{0x30};
constexpr std::byte kInteger{0x02};

bool is_in_range(Bytes scalar) {
  const Words256 number = words_from(scalar);
  return number != Words256{} && is_less(number, kP256Order);
}

// Writes one INTEGER; the number of bytes. A leading zero keeps a number with the top bit set positive.
std::size_t put_integer(Bytes scalar, std::byte* out) {
  std::size_t zeros = 0;
  while (zeros + 1 < scalar.size() && scalar[zeros] == std::byte{0}) ++zeros;
  const Bytes digits = scalar.subspan(zeros);
  const std::size_t sign = (digits[0] & std::byte{0x80}) != std::byte{0} ? 1 : 0;
  out[0] = kInteger;
  out[1] = static_cast<std::byte>(digits.size() + sign);
  out[2] = std::byte{0};
  std::memcpy(out + 2 + sign, digits.data(), digits.size());
  return 2 + sign + digits.size();
}

}  // namespace

bool is_es256_signature(Bytes raw) {
  return raw.size() == kEs256SignatureBytes && is_in_range(raw.first(kP256Bytes)) && is_in_range(raw.last(kP256Bytes));
}

std::size_t es256_to_der(Bytes raw, std::span<std::byte, kEs256DerBytesMax> out) {
  CLAVIGER_ASSERT(raw.size() == kEs256SignatureBytes);
  std::size_t size = 2;
  size += put_integer(raw.first(kP256Bytes), &out[size]);
  size += put_integer(raw.last(kP256Bytes), &out[size]);
  out[0] = kSequence;
  out[1] = static_cast<std::byte>(size - 2);
  return size;
}

}  // namespace claviger::crypto
