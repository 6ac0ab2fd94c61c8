#include "core/codec/cookie.h"

#include <algorithm>

namespace claviger::codec {
namespace {

// RFC 9110 clause 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// cookie-octet: visible ASCII without quote, comma, semicolon, backslash.
bool is_cookie_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view unquote(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

Result<std::string_view> Cookies::only(std::string_view name) const {
  const auto is_it = [name](const Cookie& cookie) { return cookie.name == name; };
  const auto first = std::find_if(all().begin(), all().end(), is_it);
  if (first == all().end()) return Error{Code::NotFound, "cookie"};
  if (std::find_if(first + 1, all().end(), is_it) != all().end()) return Error{Code::Duplicate, "cookie"};
  return first->value;
}

Result<Cookies> parse_cookies(std::span<const std::string_view> fields) {
  Cookies cookies;
  std::size_t bytes = 0;
  for (std::string_view rest : fields) {
    if (rest.size() > kCookieBytesMax - bytes) return Error{Code::TooLarge, "cookie"};
    bytes += rest.size();
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      const Cookie cookie{trim(pair.substr(0, equals)), unquote(trim(pair.substr(equals + 1)))};
      if (!is_token(cookie.name) || !is_cookie_value(cookie.value)) continue;
      if (cookies.count_ == kCookiesMax) return Error{Code::TooMany, "cookie"};
      cookies.cookies_[cookies.count_++] = cookie;
    }
  }
  return cookies;
}

}  // namespace claviger::codec
