#include "core/codec/hex.h"

#include <cstdint>

namespace claviger::codec {
namespace {

// All ones when first <= value <= last; the arguments are bytes.
constexpr std::uint32_t mask_between(std::uint32_t value, std::uint32_t first, std::uint32_t last) {
  return ((value - first) >> 31U | (last - value) >> 31U) - 1U;
}

// The digit's value, or a number of at least 0x100 for anything else.
constexpr std::uint32_t digit_value(std::uint32_t character) {
  const std::uint32_t decimal = mask_between(character, '0', '9');
  const std::uint32_t upper = mask_between(character, 'A', 'F');
  const std::uint32_t lower = mask_between(character, 'a', 'f');
  return (decimal & (character - '0')) | (upper & (character - 'A' + 10)) | (lower & (character - 'a' + 10)) |
         (~(decimal | upper | lower) & 0x100U);
}

constexpr std::uint32_t digit_of(std::uint32_t value) {
  return value + '0' + (mask_between(value, 10, 15) & ('a' - '0' - 10U));
}

}  // namespace

Result<std::size_t> hex_decode(std::string_view text, MutableBytes out) {
  if (text.size() % 2 != 0) return Error{Code::HexInvalid, "hex"};
  if (out.size() < text.size() / 2) return Error{Code::TooLarge, "hex.out"};
  const std::uint8_t* in = as_uchar(as_bytes(text));
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < text.size() / 2; ++i) {
    const std::uint32_t high = digit_value(in[2 * i]);
    const std::uint32_t low = digit_value(in[2 * i + 1]);
    seen |= high | low;
    out[i] = static_cast<std::byte>((high << 4U | low) & 0xFFU);
  }
  if (seen >= 0x100U) return Error{Code::HexInvalid, "hex"};
  return text.size() / 2;
}

std::size_t hex_encode(Bytes bytes, MutableBytes out) {
  CLAVIGER_ASSERT(out.size() / 2 >= bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = std::to_integer<std::uint32_t>(bytes[i]);
    out[2 * i] = static_cast<std::byte>(digit_of(value >> 4U));
    out[2 * i + 1] = static_cast<std::byte>(digit_of(value & 0x0FU));
  }
  return bytes.size() * 2;
}

}  // namespace claviger::codec
