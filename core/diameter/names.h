// Names as Diameter compares them: ASCII, case does not matter (RFC 6733 clause 4.3.1), a realm lies within another one as a
// domain does.
//
// Functions of texts, any thread.
#pragma once

#include <algorithm>
#include <string_view>

namespace claviger::diameter {

inline bool is_same_name(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  if (left == right) return true;  // nearly always, and eight at a time
  const auto lowered = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(left, right, {}, lowered, lowered);
}

// `realm` itself, or below it.
inline bool is_within(std::string_view name, std::string_view realm) {
  if (name.size() < realm.size() || !is_same_name(name.substr(name.size() - realm.size()), realm)) return false;
  return name.size() == realm.size() || name[name.size() - realm.size() - 1] == '.';
}

}  // namespace claviger::diameter
