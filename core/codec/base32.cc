#include "core/codec/base32.h"

namespace claviger::codec {
namespace {

constexpr unsigned kNoDigit = 32;

constexpr unsigned digit_of(char character) {
  if (character >= 'A' && character <= 'Z') return static_cast<unsigned>(character - 'A');
  if (character >= 'a' && character <= 'z') return static_cast<unsigned>(character - 'a');
  if (character >= '2' && character <= '7') return static_cast<unsigned>(character - '2') + 26;
  return kNoDigit;
}

}  // namespace

Result<std::size_t> base32_decode(std::string_view text, MutableBytes out) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::size_t written = 0;
  std::size_t digits = 0;
  std::uint32_t bits = 0;  // not written yet
  unsigned bit_count = 0;
  for (const char character : text) {
    if (character == ' ' || character == '-') continue;
    const unsigned digit = digit_of(character);
    if (digit == kNoDigit) return Error{Code::BadValue, "base32.character"};
    ++digits;
    bits = (bits << 5U) | digit;
    bit_count += 5;
    if (bit_count < 8) continue;
    if (written == out.size()) return Error{Code::TooLarge, "base32"};
    bit_count -= 8;
    out[written++] = static_cast<std::byte>((bits >> bit_count) & 0xFFU);
    bits &= (1U << bit_count) - 1;
  }
  const std::size_t rest = digits % 8;
  if (rest == 1 || rest == 3 || rest == 6 || bits != 0) return Error{Code::BadValue, "base32.length"};
  return written;
}

std::string base32_encode(Bytes bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  text.reserve((bytes.size() * 8 + 4) / 5);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const std::byte byte : bytes) {
    bits = ((bits << 8U) | std::to_integer<std::uint32_t>(byte)) & 0xFFFU;
    bit_count += 8;
    while (bit_count >= 5) {
      bit_count -= 5;
      text += kDigits[(bits >> bit_count) & 31U];
    }
  }
  if (bit_count != 0) text += kDigits[(bits << (5 - bit_count)) & 31U];
  return text;
}

}  // namespace claviger::codec
