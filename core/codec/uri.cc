#include "core/codec/uri.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace claviger::codec {
namespace {

constexpr Error kSyntax{Code::UriSyntax, "uri"};
constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

// RFC 3986 appendix A, one bit a component.
enum Component : std::uint8_t { kScheme = 1, kUserinfo = 2, kRegName = 4, kPath = 8, kQueryOrFragment = 16 };

constexpr std::array<std::uint8_t, 256> component_table() {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&table](std::string_view characters, unsigned components) {
    for (const char c : characters) {
      auto& entry = table[static_cast<std::uint8_t>(c)];
      entry = static_cast<std::uint8_t>(entry | components);
    }
  };
  constexpr unsigned kAll = kUserinfo | kRegName | kPath | kQueryOrFragment;
  mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", kScheme | kAll);
  mark("+-.", kScheme);
  mark("-._~", kAll);         // unreserved
  mark("!$&'()*+,;=", kAll);  // sub-delims
  mark(":", kUserinfo | kPath | kQueryOrFragment);
  mark("@/", kPath | kQueryOrFragment);
  mark("?", kQueryOrFragment);
  return table;
}
constexpr std::array<std::uint8_t, 256> kComponents = component_table();

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool consists_of(std::string_view text, Component component) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && component != kScheme) {
      if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if ((kComponents[static_cast<std::uint8_t>(text[i])] & component) == 0) {
      return false;
    }
  }
  return true;
}

// `host` with its brackets.
bool is_ipv6_literal(std::string_view host) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (host.size() < 4 || host.back() != ']' || host.size() - 2 >= text.size()) return false;
  host = host.substr(1, host.size() - 2);
  // inet_pton() stops at a NUL and would not see what is behind it.
  if (!std::all_of(host.begin(), host.end(), [](char c) { return is_hex(c) || c == ':' || c == '.'; }))
    return false;
  host.copy(text.data(), text.size() - 1);
  in6_addr address{};
  return inet_pton(AF_INET6, text.data(), &address) == 1;
}

Result<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const char* end = digits.data() + digits.size();
  const auto [at, failure] = std::from_chars(digits.data(), end, port);
  // Port 0 and leading zeros have no use but to make two texts of one address.
  if (failure != std::errc() || at != end || digits.front() == '0') return kSyntax;
  return port;
}

Result<Unit> parse_authority(std::string_view authority, Uri& uri) {
  uri.has_authority = true;
  if (const std::size_t at = authority.find('@'); at != std::string_view::npos) {
    uri.has_userinfo = true;
    uri.userinfo = authority.substr(0, at);
    if (!consists_of(uri.userinfo, kUserinfo)) return kSyntax;
    authority.remove_prefix(at + 1);
  }
  const bool is_bracketed = authority.starts_with('[');
  const std::size_t host_end =
      is_bracketed ? authority.find(']') + 1 : std::min(authority.find(':'), authority.size());
  uri.host = authority.substr(0, host_end);  // no ']': npos + 1 == 0, an empty host with a '[' behind it
  const std::string_view behind = authority.substr(host_end);
  if (is_bracketed ? !is_ipv6_literal(uri.host) : !consists_of(uri.host, kRegName)) return kSyntax;
  if (behind.empty()) return Unit{};
  if (behind.front() != ':' || behind.size() == 1) return kSyntax;
  CLAVIGER_TRY(port, parse_port(behind.substr(1)));
  uri.port = port;
  return Unit{};
}

}  // namespace

bool Uri::scheme_is(std::string_view expected) const {
  return std::equal(scheme.begin(), scheme.end(), expected.begin(), expected.end(),
                    [](char ours, char theirs) { return lower(ours) == theirs; });
}

std::optional<std::uint16_t> Uri::effective_port() const {
  if (port) return port;
  if (scheme_is("https")) return kHttpsPort;
  if (scheme_is("http")) return kHttpPort;
  return std::nullopt;
}

std::string Uri::origin() const {
  if (host.empty()) return {};
  std::string origin(scheme);
  origin.append("://").append(host);
  std::transform(origin.begin(), origin.end(), origin.begin(), lower);
  const bool is_implied =
      (scheme_is("https") && port == kHttpsPort) || (scheme_is("http") && port == kHttpPort);
  if (port && !is_implied) origin.append(":").append(std::to_string(*port));
  return origin;
}

Result<Uri> parse_uri(std::string_view text) {
  if (text.empty()) return Error{Code::Empty, "uri"};
  if (text.size() > kUriBytesMax) return Error{Code::TooLarge, "uri"};
  Uri uri;
  uri.whole = text;
  const std::size_t colon = text.find_first_of(":/?#");
  if (colon == std::string_view::npos || text[colon] != ':') return Error{Code::UriRelative, "uri"};
  uri.scheme = text.substr(0, colon);
  if (uri.scheme.empty() || !is_letter(uri.scheme.front()) || !consists_of(uri.scheme, kScheme))
    return kSyntax;
  std::string_view rest = text.substr(colon + 1);

  if (const std::size_t hash = rest.find('#'); hash != std::string_view::npos) {
    uri.has_fragment = true;
    uri.fragment = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
  }
  if (const std::size_t question = rest.find('?'); question != std::string_view::npos) {
    uri.has_query = true;
    uri.query = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::string_view authority = rest.substr(0, rest.find('/'));
    CLAVIGER_TRY(parsed, parse_authority(authority, uri));
    rest.remove_prefix(authority.size());
  }
  uri.path = rest;
  if (!consists_of(uri.path, kPath) || !consists_of(uri.query, kQueryOrFragment) ||
      !consists_of(uri.fragment, kQueryOrFragment)) {
    return kSyntax;
  }
  // RFC 9110 clause 4.2.1: a recipient that meets an empty host must reject it.
  if (uri.host.empty() && (uri.scheme_is("http") || uri.scheme_is("https"))) return kSyntax;
  return uri;
}

Result<Uri> parse_absolute_uri(std::string_view text) {
  CLAVIGER_TRY(uri, parse_uri(text));
  if (uri.has_fragment) return Error{Code::UriFragment, "uri"};
  return uri;
}

}  // namespace claviger::codec
