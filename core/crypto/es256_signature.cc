#include "core/crypto/es256_signature.h"

#include <algorithm>

#include "core/crypto/words256.h"

namespace claviger::crypto {
namespace {

constexpr std::byte kSequence{0x30};
constexpr std::byte kInteger{0x02};
constexpr Error kNotDer{Code::SignatureInvalid, "es256.der"};

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

// Takes one INTEGER off the front of `der` into 32 bytes.
bool take_integer(Bytes& der, MutableBytes out) {
  if (der.size() < 3 || der[0] != kInteger) return false;
  const auto size = std::to_integer<std::size_t>(der[1]);
  if (size == 0 || size > kP256Bytes + 1 || size > der.size() - 2) return false;
  Bytes digits = der.subspan(2, size);
  der = der.subspan(2 + size);
  const bool has_top_bit = (digits[0] & std::byte{0x80}) != std::byte{0};
  if (has_top_bit) return false;  // negative
  if (digits[0] == std::byte{0} && size > 1) {
    if ((digits[1] & std::byte{0x80}) == std::byte{0}) return false;  // a zero too many
    digits = digits.subspan(1);
  }
  if (digits.size() > kP256Bytes) return false;
  std::fill(out.begin(), out.end(), std::byte{0});
  std::memcpy(out.data() + (kP256Bytes - digits.size()), digits.data(), digits.size());
  return true;
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

Result<Unit> es256_from_der(Bytes der, std::span<std::byte, kEs256SignatureBytes> out) {
  if (der.size() < 2 || der[0] != kSequence || std::to_integer<std::size_t>(der[1]) != der.size() - 2 ||
      der.size() > kEs256DerBytesMax) {
    return kNotDer;
  }
  Bytes rest = der.subspan(2);
  if (!take_integer(rest, out.first(kP256Bytes)) || !take_integer(rest, out.last(kP256Bytes)) || !rest.empty()) {
    return kNotDer;
  }
  return Unit{};
}

}  // namespace claviger::crypto
