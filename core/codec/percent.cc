#include "core/codec/percent.h"

#include <array>
#include <cstdint>

namespace claviger::codec {
namespace {

constexpr std::array<bool, 256> unreserved_table() {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")) {
    table[static_cast<std::uint8_t>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kUnreserved = unreserved_table();

constexpr Error kBad{Code::FormSyntax, "percent"};

constexpr std::array<std::int8_t, 256> digit_table() {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::int8_t i = 0; i < 10; ++i) table[static_cast<std::size_t>('0' + i)] = i;
  for (std::int8_t i = 0; i < 6; ++i) {
    table[static_cast<std::size_t>('A' + i)] = table[static_cast<std::size_t>('a' + i)] =
        static_cast<std::int8_t>(10 + i);
  }
  return table;
}
constexpr std::array<std::int8_t, 256> kDigitValues = digit_table();  // -1 for what is no digit

}  // namespace

Result<std::size_t> percent_decode(std::string_view text, Plus plus, MutableBytes out) {
  const char space = plus == Plus::Space ? ' ' : '+';
  const std::uint8_t* at = as_uchar(as_bytes(text));
  std::uint8_t* to = as_uchar(out);
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint8_t byte = at[i];
    if (byte == '%') {
      if (text.size() - i < 3) return kBad;
      const int value = kDigitValues[at[i + 1]] * 16 | kDigitValues[at[i + 2]];
      if (value < 0) return kBad;  // -1 in either half
      byte = static_cast<std::uint8_t>(value);
      i += 2;
    } else if (byte == '+') {
      byte = static_cast<std::uint8_t>(space);
    }
    if (byte == 0) return kBad;
    if (written == out.size()) return Error{Code::TooLarge, "percent.out"};
    to[written++] = byte;
  }
  return written;
}

std::size_t percent_encoded_size(std::string_view text) {
  std::size_t size = text.size();
  for (const char c : text) size += kUnreserved[static_cast<std::uint8_t>(c)] ? 0U : 2U;
  return size;
}

std::size_t percent_encode(std::string_view text, char* out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  char* at = out;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (kUnreserved[byte]) {
      *at++ = c;
    } else {
      *at++ = '%';
      *at++ = kDigits[byte >> 4U];
      *at++ = kDigits[byte & 0x0FU];
    }
  }
  return static_cast<std::size_t>(at - out);
}

}  // namespace claviger::codec
