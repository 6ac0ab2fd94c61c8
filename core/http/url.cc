#include "core/http/url.h"

#include <charconv>

#include "core/http/target.h"

namespace claviger::http {

Result<Url> parse_url(std::string_view text) {
  const Error bad{Code::UriSyntax, "http.url"};
  Url url;
  if (text.starts_with("https://")) {
    url.is_https = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return bad;
  }
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, end);
  const std::string_view rest = text.substr(end);
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  CLAVIGER_TRY(target, parse_target(url.target, false));

  if (authority.find('@') != std::string_view::npos) return bad;
  std::string_view host = authority;
  std::string_view port;
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return bad;
  if (const std::size_t colon = authority.find(':', bracket); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    if (port.empty()) return bad;
  }
  url.port = url.is_https ? 443 : 80;
  if (!port.empty()) {
    const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || stop != port.data() + port.size() || url.port == 0) return bad;
  }
  const bool is_usual = url.port == (url.is_https ? 443 : 80);
  url.authority = is_usual ? std::string(host) : std::string(host) + ":" + std::to_string(url.port);
  if (bracket > 0) {
    if (host.size() != bracket + 1) return bad;
    host = host.substr(1, bracket - 1);
  }
  if (host.empty()) return bad;
  for (const char c : host) {
    const bool is_usual_character = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                    c == '-' || c == '.' || c == '_' || (bracket > 0 && c == ':');
    if (!is_usual_character) return bad;
  }
  url.host = host;
  return url;
}

}  // namespace claviger::http
