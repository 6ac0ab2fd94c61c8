#include "core/codec/urn.h"

#include <algorithm>

namespace claviger::codec {
namespace {

constexpr std::string_view kScheme = "urn:";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_hex(char c) { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f'); }

}  // namespace

std::string canonical_urn(std::string_view text) {
  std::string urn(text);
  const bool is_urn =
      text.size() > kScheme.size() && std::ranges::equal(text.substr(0, kScheme.size()), kScheme, {}, lower);
  const std::size_t colon = is_urn ? text.find(':', kScheme.size()) : std::string_view::npos;
  if (colon == std::string_view::npos) return urn;
  std::transform(urn.begin(), urn.begin() + static_cast<std::ptrdiff_t>(colon), urn.begin(), lower);
  const bool is_uuid = std::string_view(urn).substr(0, colon) == "urn:uuid";
  // Behind the name come what a resolver, a resource or a viewer gets: theirs, with their case.
  const std::size_t end = std::min(urn.find_first_of("?#"), urn.size());
  for (std::size_t i = colon + 1; i < end; ++i) {
    if (is_uuid) {
      urn[i] = lower(urn[i]);
    } else if (urn[i] == '%' && i + 2 < end && is_hex(urn[i + 1]) && is_hex(urn[i + 2])) {
      urn[i + 1] = upper(urn[i + 1]);
      urn[i + 2] = upper(urn[i + 2]);
      i += 2;
    }
  }
  return urn;
}

}  // namespace claviger::codec
