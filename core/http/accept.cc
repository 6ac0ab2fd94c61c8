#include "core/http/accept.h"

#include <algorithm>

namespace claviger::http {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// The part before `separator`, which is taken off `rest` with it.
std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// "0", "0.", "0.000". What is no weight at all refuses nothing.
bool is_zero(std::string_view weight) {
  if (!weight.starts_with('0')) return false;
  weight.remove_prefix(1);
  if (weight.starts_with('.')) weight.remove_prefix(1);
  return weight.find_first_not_of('0') == std::string_view::npos;
}

bool has_weight(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = cut(parameters, ';');
    const std::string_view name = trimmed(cut(value, '='));
    if (is_same_type(name, "q")) return !is_zero(trimmed(value));
  }
  return true;
}

// 3: this very type, 2: all of its kind, 1: everything, 0: does not match.
int match(std::string_view range, std::string_view type) {
  if (is_same_type(range, type)) return 3;
  if (range == "*/*") return 1;
  if (!range.ends_with("/*")) return 0;
  const std::size_t slash = type.find('/');
  return is_same_type(range.substr(0, range.size() - 2), type.substr(0, slash)) ? 2 : 0;
}

bool takes(const Request& request, std::string_view type) {
  int best = 0;
  bool is_taken = false;
  for (const Header& header : request.headers()) {
    if (header.name != name_of(Field::Accept)) continue;
    std::string_view ranges = header.value;
    while (!ranges.empty()) {
      std::string_view parameters = cut(ranges, ',');
      const int matched = match(trimmed(cut(parameters, ';')), type);
      if (matched == 0 || matched < best) continue;
      const bool is_wanted = has_weight(parameters);
      is_taken = matched == best ? is_taken || is_wanted : is_wanted;
      best = matched;
    }
  }
  return is_taken;
}

}  // namespace

std::string_view media_type_of(std::string_view field) { return trimmed(field.substr(0, field.find(';'))); }

bool is_same_type(std::string_view left, std::string_view right) {
  const auto lowered = [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
  };
  return std::ranges::equal(left, right, {}, lowered, lowered);
}

bool accepts(const Request& request, std::initializer_list<std::string_view> types) {
  if (!request.has(Field::Accept)) return true;
  return std::ranges::any_of(types, [&](std::string_view type) { return takes(request, type); });
}

}  // namespace claviger::http
