#include "core/sip/name_address.h"

#include "core/sip/limits.h"

namespace claviger::sip {
namespace {

constexpr CharacterSet kUriEnds("; \t\r\n,<>\"");

Error syntax() { return {Code::SipSyntax, "sip.address"}; }

// Tokens or a quoted string in front of "<"; where none is, the scanner stays where it was.
Result<std::string_view> take_display_name(Scanner& scanner) {
  if (scanner.peek() == '"') {
    const auto quoted = scanner.take_quoted();
    if (!quoted) return syntax();
    scanner.skip_space();
    if (scanner.peek() != '<') return syntax();
    return *quoted;
  }
  Scanner ahead = scanner;
  for (;;) {
    const std::string_view word = ahead.take(kIsToken);
    ahead.skip_space();
    if (ahead.peek() == '<') {
      const std::string_view whole = scanner.rest().substr(0, scanner.rest().size() - ahead.rest().size());
      scanner = ahead;
      return trim(whole);
    }
    if (word.empty()) return std::string_view();
  }
}

Result<NameAddress> take_one(Scanner& scanner) {
  scanner.skip_space();
  const std::string_view begin = scanner.rest();
  NameAddress address;
  CLAVIGER_TRY(display_name, take_display_name(scanner));
  address.display_name = display_name;
  if (scanner.eat('<')) {
    const std::size_t end = scanner.rest().find('>');
    if (end == std::string_view::npos) return syntax();
    address.uri = scanner.take_bytes(end);
    scanner.eat('>');
    address.is_bracketed = true;
    CLAVIGER_TRY(uri, parse_uri(address.uri));
  } else {
    // Without brackets ";" begins the header's parameters, and neither "?" nor "," may stand in the URI (clause 20.10).
    address.uri = scanner.take_bytes(kUriEnds.find_in(scanner.rest()));
    CLAVIGER_TRY(uri, parse_uri(address.uri));
    if (address.uri.find('?') != std::string_view::npos) return syntax();
  }
  CLAVIGER_TRY(parameters, take_parameters(scanner));
  address.parameters = parameters;
  address.text = trim(begin.substr(0, begin.size() - scanner.rest().size()));
  return address;
}

}  // namespace

Result<std::string_view> take_parameters(Scanner& scanner) {
  const std::string_view begin = scanner.rest();
  for (;;) {
    scanner.skip_space();
    if (!scanner.eat(';')) break;
    scanner.skip_space();
    if (scanner.take(kIsToken).empty()) return syntax();
    scanner.skip_space();
    if (!scanner.eat('=')) continue;
    scanner.skip_space();
    if (scanner.peek() == '"') {
      if (!scanner.take_quoted()) return syntax();
    } else if (scanner.take(kIsValue).empty()) {
      return syntax();
    }
  }
  return trim(begin.substr(0, begin.size() - scanner.rest().size()));
}

Result<NameAddress> parse_name_address(std::string_view value) {
  Scanner scanner(value);
  CLAVIGER_TRY(address, take_one(scanner));
  scanner.skip_space();
  if (!scanner.at_end()) return syntax();
  return address;
}

std::optional<Result<NameAddress>> NameAddresses::next() {
  scanner_.skip_space();
  if (scanner_.at_end() && count_ > 0) return std::nullopt;
  if (++count_ > kListMax) return Error{Code::TooMany, "sip.addresses"};
  auto address = take_one(scanner_);
  if (!address) return address;
  scanner_.skip_space();
  if (scanner_.at_end()) return address;
  if (!scanner_.eat(',')) return syntax();
  scanner_.skip_space();
  if (scanner_.at_end()) return syntax();
  return address;
}

}  // namespace claviger::sip
