#include "broker/configuration/value_type.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "broker/configuration/xml_tree.h"

namespace claviger::configuration {
namespace {

constexpr std::array<std::string_view, 4> kEntryInfo{"UsePreConfigured", "DedicatedGroup", "UseCurrentlySelectedGroup",
                                                     "LocallyDetermined"};

bool is_digit(char character) { return character >= '0' && character <= '9'; }
bool is_hex(std::string_view text) {
  return text.size() % 2 == 0 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}
bool is_any_uri(std::string_view text) { return text.find_first_of(" \t\r\n<>\"") == std::string_view::npos; }
bool is_digits(std::string_view text, std::size_t digits_max) {
  return !text.empty() && text.size() <= digits_max && std::ranges::all_of(text, is_digit);
}
bool is_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = number_in(text);
  return number && *number >= least && *number <= most;
}

// Eats "12Y" or, of seconds, "0.5S": digits and the letter. False: that field is not next.
bool eat_field(std::string_view& text, char letter) {
  std::size_t at = 0;
  while (at < text.size() && is_digit(text[at])) ++at;
  if (at == 0) return false;
  if (letter == 'S' && at < text.size() && text[at] == '.') {
    const std::size_t dot = at++;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == dot + 1) return false;
  }
  if (at >= text.size() || text[at] != letter) return false;
  text.remove_prefix(at + 1);
  return true;
}

bool eat_fields(std::string_view& text, std::string_view letters) {
  bool any = false;
  for (const char letter : letters) any = eat_field(text, letter) || any;
  return any;
}

// "P1DT2H3.5S": at least one field, and one behind a T.
bool is_duration(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (!text.starts_with('P')) return false;
  text.remove_prefix(1);
  const bool has_date = eat_fields(text, "YMD");
  if (text.empty()) return has_date;
  if (!text.starts_with('T')) return false;
  text.remove_prefix(1);
  return eat_fields(text, "HMS") && text.empty();
}

}  // namespace

std::optional<std::uint64_t> number_in(std::string_view text) {
  text = trimmed(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> boolean_in(std::string_view text) {
  text = trimmed(text);
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

bool has_type(ValueType type, std::string_view text) {
  constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
  text = trimmed(text);
  switch (type) {
    case ValueType::None:
    case ValueType::Empty:
      return text.empty();
    case ValueType::Text:
      return true;
    case ValueType::Boolean:
      return boolean_in(text).has_value();
    case ValueType::AnyUri:
      return is_any_uri(text);
    case ValueType::Uri:
      return text.find(':') != std::string_view::npos && text.find(':') != 0 && is_any_uri(text);
    case ValueType::Byte:
      return is_number(text, 0, 0xFF);
    case ValueType::Short:
      return is_number(text, 0, 0xFFFF);
    case ValueType::Count:
      return is_number(text, 0, kNoLimit);
    case ValueType::Positive:
      return is_number(text, 1, kNoLimit);
    case ValueType::Hex:
      return is_hex(text);
    case ValueType::Hex6:
      return text.size() == 12 && is_hex(text);
    case ValueType::Duration:
      return is_duration(text);
    case ValueType::Tac:
      return is_digits(text, 8);
    case ValueType::Serial:
      return is_digits(text, 6);
    case ValueType::EntryInfo:
      return std::ranges::find(kEntryInfo, text) != kEntryInfo.end();
  }
  return false;
}

}  // namespace claviger::configuration
