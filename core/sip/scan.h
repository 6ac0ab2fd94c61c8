// Walks over the value of a header: tokens, quoted strings, linear white space (RFC 3261 clause 25.1).
//
// Views only, valid while the message lives. Folded lines are white space here: a header's value keeps its line ends.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace claviger::sip {

enum CharacterClass : std::uint8_t {
  kIsToken = 1,
  kIsSpace = 2,  // SP, HTAB, CR, LF
  kIsDigit = 4,
  kIsHex = 8,
  kIsUser = 16,   // of a SIP URI's userinfo, without "%" and ":"
  kIsUri = 32,    // anywhere behind a URI's scheme
  kIsHost = 64,   // of names and addresses
  kIsValue = 128  // of a parameter without quotes: token, or host with brackets and colons
};

inline constexpr std::array<std::uint8_t, 256> kCharacters = [] {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view characters, int bits) {
    for (const char c : characters) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | bits);
    }
  };
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view kDigits = "0123456789";
  add(kLetters, kIsToken | kIsUser | kIsUri | kIsHost | kIsValue);
  add(kDigits, kIsToken | kIsDigit | kIsHex | kIsUser | kIsUri | kIsHost | kIsValue);
  add("abcdefABCDEF", kIsHex);
  add("-.!%*_+`'~", kIsToken | kIsValue);
  add("[]:/", kIsValue);
  add("-.", kIsHost);
  add("-_.!~*'()&=+$,;?/", kIsUser);
  add("-_.!~*'()&=+$,;?/:@[]%#", kIsUri);
  add(" \t\r\n", kIsSpace);
  return table;
}();

inline bool has_class(char c, CharacterClass wanted) {
  return (kCharacters[static_cast<unsigned char>(c)] & wanted) != 0;
}
inline bool all_of_class(std::string_view text, CharacterClass wanted) {
  for (const char c : text) {
    if (!has_class(c, wanted)) return false;
  }
  return true;
}
inline bool is_token(std::string_view text) { return !text.empty() && all_of_class(text, kIsToken); }
inline char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
// ASCII letters alike.
inline bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (to_lower(left[i]) != to_lower(right[i])) return false;
  }
  return true;
}
inline std::string_view trim(std::string_view text) {
  while (!text.empty() && has_class(text.front(), kIsSpace)) text.remove_prefix(1);
  while (!text.empty() && has_class(text.back(), kIsSpace)) text.remove_suffix(1);
  return text;
}
// Digits only, at least one; nothing above `max`.
inline std::optional<std::uint64_t> read_number(std::string_view text, std::uint64_t max) {
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (!has_class(c, kIsDigit)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (max - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

// A few characters that end something; find_first_of() of the standard library looks each character up by a call.
class CharacterSet {
 public:
  explicit constexpr CharacterSet(std::string_view characters) {
    for (const char c : characters) has_[static_cast<unsigned char>(c)] = true;
  }
  // The index of the first that is in it; text.size() without one.
  std::size_t find_in(std::string_view text) const {
    std::size_t i = 0;
    while (i < text.size() && !has_[static_cast<unsigned char>(text[i])]) ++i;
    return i;
  }

 private:
  std::array<bool, 256> has_{};
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::string_view rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  void skip_space() {
    while (!rest_.empty() && has_class(rest_.front(), kIsSpace)) rest_.remove_prefix(1);
  }
  bool eat(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // `wanted` with white space on either side.
  bool eat_spaced(char wanted) {
    skip_space();
    if (!eat(wanted)) return false;
    skip_space();
    return true;
  }
  // The longest run of the class; may be empty.
  std::string_view take(CharacterClass wanted) {
    std::size_t size = 0;
    while (size < rest_.size() && has_class(rest_[size], wanted)) ++size;
    return take_bytes(size);
  }
  std::string_view take_bytes(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // What stands between quotes, escapes as they are. Nothing when the quote is not closed.
  std::optional<std::string_view> take_quoted() {
    if (peek() != '"') return std::nullopt;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        const std::string_view inner = rest_.substr(1, i - 1);
        rest_.remove_prefix(i + 1);
        return inner;
      }
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

}  // namespace claviger::sip
