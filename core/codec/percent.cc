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

// 0..15, or -1.
int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Result<std::size_t> percent_decode(std::string_view text, Plus plus, MutableBytes out) {
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char character = text[i];
    if (character == '%') {
      if (text.size() - i < 3) return kBad;
      const int high = digit_value(text[i + 1]);
      const int low = digit_value(text[i + 2]);
      if (high < 0 || low < 0) return kBad;
      character = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (character == '+' && plus == Plus::Space) {
      character = ' ';
    }
    if (character == '\0') return kBad;
    if (written == out.size()) return Error{Code::TooLarge, "percent.out"};
    out[written++] = static_cast<std::byte>(character);
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
