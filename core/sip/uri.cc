#include "core/sip/uri.h"

#include "core/sip/scan.h"

namespace claviger::sip {
namespace {

constexpr CharacterSet kNameEnds("=; \t\r\n,");
constexpr CharacterSet kValueEnds("; \t\r\n,");
constexpr CharacterSet kForbiddenBehindHost("@#,");

Error syntax() { return {Code::SipSyntax, "sip.uri"}; }

// "%" and two hexadecimal digits, everywhere.
bool has_sound_escapes(std::string_view text) {
  for (std::size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 3)) {
    if (text.size() - i < 3 || !has_class(text[i + 1], kIsHex) || !has_class(text[i + 2], kIsHex)) return false;
  }
  return true;
}

bool is_user(std::string_view text) {
  for (const char c : text) {
    if (!has_class(c, kIsUser) && c != '%' && c != ':') return false;
  }
  return true;
}

int hex_value(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

bool is_unreserved(char c) {
  return has_class(c, kIsDigit) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
         std::string_view("-_.!~*'()").find(c) != std::string_view::npos;
}

void append_decoded(std::string& out, std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789ABCDEF";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int value = hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]);
    if (value < 0x80 && is_unreserved(static_cast<char>(value))) {
      out += static_cast<char>(value);
    } else {
      out += '%';
      out += kHexDigits[static_cast<std::size_t>(value >> 4)];
      out += kHexDigits[static_cast<std::size_t>(value & 15)];
    }
    i += 2;
  }
}

Result<Unit> parse_host(Scanner& scanner, UriView& uri) {
  if (scanner.peek() == '[') {
    const std::size_t end = scanner.rest().find(']');
    if (end == std::string_view::npos || end < 3) return syntax();
    uri.host = scanner.take_bytes(end + 1);
    for (const char c : uri.host.substr(1, end - 1)) {
      if (!has_class(c, kIsHex) && c != ':' && c != '.') return syntax();
    }
  } else {
    uri.host = scanner.take(kIsHost);
    if (uri.host.empty()) return syntax();
  }
  if (!scanner.eat(':')) return Unit{};
  const auto port = read_number(scanner.take(kIsDigit), 65'535);
  if (!port || *port == 0) return syntax();
  uri.port = static_cast<std::uint16_t>(*port);
  return Unit{};
}

}  // namespace

Result<UriView> parse_uri(std::string_view text) {
  UriView uri;
  uri.text = text;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return syntax();
  uri.scheme = text.substr(0, colon);
  if (to_lower(uri.scheme.front()) < 'a' || to_lower(uri.scheme.front()) > 'z') return syntax();
  for (const char c : uri.scheme) {
    if (!has_class(c, kIsHost) && c != '+') return syntax();
  }
  const std::string_view rest = text.substr(colon + 1);
  if (rest.empty() || !all_of_class(rest, kIsUri) || !has_sound_escapes(rest)) return syntax();
  uri.is_secure = equals_ignoring_case(uri.scheme, "sips");
  uri.is_sip = uri.is_secure || equals_ignoring_case(uri.scheme, "sip");
  uri.is_tel = equals_ignoring_case(uri.scheme, "tel");
  if (uri.is_tel) {
    const std::size_t semicolon = rest.find(';');
    uri.user = rest.substr(0, semicolon);
    if (semicolon != std::string_view::npos) uri.parameters = rest.substr(semicolon);
    if (uri.user.empty()) return syntax();
    for (const char c : uri.user) {
      if (!has_class(c, kIsHex) && std::string_view("+-.()*#").find(c) == std::string_view::npos) return syntax();
    }
    return uri;
  }
  if (!uri.is_sip) return uri;
  Scanner scanner(rest);
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    uri.user = scanner.take_bytes(at);
    scanner.eat('@');
    if (uri.user.empty() || !is_user(uri.user) || uri.user.front() == ':') return syntax();
  }
  CLAVIGER_TRY(host, parse_host(scanner, uri));
  const std::string_view behind = scanner.rest();
  if (behind.empty()) return uri;
  const std::size_t question = behind.find('?');
  uri.parameters = behind.substr(0, question);
  if (question != std::string_view::npos) uri.headers = behind.substr(question + 1);
  if (!uri.parameters.empty() && uri.parameters.front() != ';') return syntax();
  if (question != std::string_view::npos && uri.headers.empty()) return syntax();
  if (kForbiddenBehindHost.find_in(behind) != behind.size()) return syntax();
  return uri;
}

Result<std::string> canonical_identity(std::string_view text) {
  CLAVIGER_TRY(uri, parse_uri(text));
  std::string identity;
  identity.reserve(text.size());
  if (uri.is_tel) {
    identity = "tel:";
    for (const char c : uri.user) {
      if (std::string_view("-.()").find(c) == std::string_view::npos) identity += to_lower(c);
    }
    return identity;
  }
  if (!uri.is_sip) return Error{Code::SipUri, "sip.identity"};
  identity = uri.is_secure ? "sips:" : "sip:";
  if (!uri.user.empty()) {
    append_decoded(identity, uri.user);
    identity += '@';
  }
  for (const char c : uri.host) identity += to_lower(c);
  if (uri.port != 0) identity += ":" + std::to_string(uri.port);
  return identity;
}

Parameter find_parameter(std::string_view parameters, std::string_view name) {
  Scanner scanner(parameters);
  while (scanner.eat_spaced(';')) {
    const std::string_view found = scanner.take_bytes(kNameEnds.find_in(scanner.rest()));
    scanner.skip_space();
    std::string_view value;
    if (scanner.eat('=')) {
      scanner.skip_space();
      if (scanner.peek() == '"') {
        const auto quoted = scanner.take_quoted();
        if (!quoted) return {};
        value = *quoted;
      } else {
        value = scanner.take_bytes(kValueEnds.find_in(scanner.rest()));
      }
    }
    if (equals_ignoring_case(found, name)) return {true, value};
  }
  return {};
}

}  // namespace claviger::sip
