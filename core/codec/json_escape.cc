#include "core/codec/json_escape.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/codec/utf8.h"

namespace claviger::codec {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighBits = 0x8080808080808080U;

// Nonzero when one of eight bytes is above 0x7F, below 0x20, a quote or a backslash. A borrow can only make
// bytes above a hit look like hits.
std::uint64_t special_bytes(std::uint64_t eight) {
  const auto zero_bytes = [](std::uint64_t x) { return (x - kOnes) & ~x; };
  return (eight | (eight - kOnes * 0x20) | zero_bytes(eight ^ (kOnes * '"')) |
          zero_bytes(eight ^ (kOnes * '\\'))) &
         kHighBits;
}

bool is_special(char character) {
  const auto byte = static_cast<std::uint8_t>(character);
  return byte < 0x20 || byte > 0x7F || byte == '"' || byte == '\\';
}

// The letter of a two-character escape, or 0.
char short_escape(char character) {
  switch (character) {
    case '"':
    case '\\':
      return character;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The length of the well formed sequence at the front of `rest`, or 0 (Unicode, table 3-7: at most 4 bytes).
std::size_t sequence_size(std::string_view rest) {
  const auto lead = static_cast<std::uint8_t>(rest.front());
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size == 0 || size > rest.size() || !is_utf8(rest.substr(0, size))) return 0;
  return size;
}

// Hands each piece of the escaped text to `put`.
template <typename Put>
void escape(std::string_view text, Put put) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const bool is_valid = is_utf8(text);
  for (std::size_t i = 0; i < text.size();) {
    const char character = text[i];
    const auto byte = static_cast<std::uint8_t>(character);
    if (const char letter = short_escape(character); letter != 0) {
      const char pair[] = {'\\', letter};
      put(std::string_view(pair, sizeof pair));
      ++i;
    } else if (byte < 0x20) {
      const char escaped[] = {'\\', 'u', '0', '0', kDigits[byte >> 4U], kDigits[byte & 0x0FU]};
      put(std::string_view(escaped, sizeof escaped));
      ++i;
    } else if (byte < 0x80 || is_valid) {
      put(text.substr(i, 1));
      ++i;
    } else if (const std::size_t size = sequence_size(text.substr(i)); size != 0) {
      put(text.substr(i, size));
      i += size;
    } else {
      put(kReplacement);
      ++i;
    }
  }
}

}  // namespace

bool is_plain_json(std::string_view text) {
  if (text.size() < sizeof(std::uint64_t)) return std::none_of(text.begin(), text.end(), is_special);
  const auto specials_at = [text](std::size_t at) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, sizeof eight);
    return special_bytes(eight);
  };
  const std::size_t last = text.size() - sizeof(std::uint64_t);
  std::uint64_t found = specials_at(last);  // overlaps the one before it
  for (std::size_t i = 0; i < last; i += sizeof(std::uint64_t)) found |= specials_at(i);
  return found == 0;
}

std::size_t json_escaped_size(std::string_view text) {
  std::size_t size = 0;
  escape(text, [&](std::string_view piece) { size += piece.size(); });
  return size;
}

std::size_t json_escape(std::string_view text, char* out) {
  char* at = out;
  escape(text, [&](std::string_view piece) {
    std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  });
  return static_cast<std::size_t>(at - out);
}

}  // namespace claviger::codec
