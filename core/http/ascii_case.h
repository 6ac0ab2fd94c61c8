// Names in HTTP that are compared without regard to case: codings, expectations, media types (RFC 9110 clause 5.6.2).
//
// Pure functions, any thread.
#pragma once

#include <algorithm>
#include <string_view>

namespace claviger::http {

constexpr char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// `lower`: in lower case already.
constexpr bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, lowered);
}

}  // namespace claviger::http
