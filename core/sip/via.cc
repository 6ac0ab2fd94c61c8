#include "core/sip/via.h"

#include "core/sip/name_address.h"
#include "core/sip/uri.h"

namespace claviger::sip {

Result<Via> parse_first_via(std::string_view value, std::string_view* rest) {
  const Error syntax{Code::SipSyntax, "sip.via"};
  Scanner scanner(value);
  scanner.skip_space();
  const std::string_view begin = scanner.rest();
  Via via;
  if (!equals_ignoring_case(scanner.take(kIsToken), "SIP") || !scanner.eat_spaced('/')) return syntax;
  if (scanner.take(kIsToken) != "2.0" || !scanner.eat_spaced('/')) return syntax;
  via.transport = scanner.take(kIsToken);
  if (via.transport.empty() || scanner.at_end() || !has_class(scanner.peek(), kIsSpace)) return syntax;
  scanner.skip_space();
  if (scanner.peek() == '[') {
    const std::size_t end = scanner.rest().find(']');
    if (end == std::string_view::npos) return syntax;
    via.host = scanner.take_bytes(end + 1);
    for (const char c : via.host.substr(1, end - 1)) {
      if (!has_class(c, kIsHex) && c != ':' && c != '.') return syntax;
    }
  } else {
    via.host = scanner.take(kIsHost);
  }
  if (via.host.empty()) return syntax;
  scanner.skip_space();
  if (scanner.eat(':')) {
    scanner.skip_space();
    const auto port = read_number(scanner.take(kIsDigit), 65'535);
    if (!port) return syntax;
    via.port = static_cast<std::uint16_t>(*port);
  }
  CLAVIGER_TRY(parameters, take_parameters(scanner));
  via.parameters = parameters;
  via.branch = find_parameter(parameters, "branch").value;
  const Parameter rport = find_parameter(parameters, "rport");
  via.wants_rport = rport.is_present && rport.value.empty();
  via.text = trim(begin.substr(0, begin.size() - scanner.rest().size()));
  scanner.skip_space();
  if (!scanner.at_end()) {
    if (!scanner.eat(',')) return syntax;
    scanner.skip_space();
    if (scanner.at_end()) return syntax;
  }
  if (rest != nullptr) *rest = scanner.rest();
  return via;
}

}  // namespace claviger::sip
