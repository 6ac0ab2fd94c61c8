// name-addr and addr-spec with their parameters: From, To, Contact, Route, P-Asserted-Identity (RFC 3261 clause 20.10).
//
// Views into the message.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/base/result.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::sip {

struct NameAddress {
  std::string_view text;          // the whole of it
  std::string_view display_name;  // without quotes, escapes as they are
  std::string_view uri;
  std::string_view parameters;  // of the header: ";tag=a"
  bool is_bracketed = false;    // "<" uri ">"
};

// One, and nothing behind it. SipSyntax.
Result<NameAddress> parse_name_address(std::string_view value);

// A comma-separated list of them, one after the other.
class NameAddresses {
 public:
  explicit NameAddresses(std::string_view value) : scanner_(value) {}
  // Nothing at the end. SipSyntax, TooMany.
  std::optional<Result<NameAddress>> next();

 private:
  Scanner scanner_;
  std::size_t count_ = 0;
};

// ";a=b;c" to its end, and nothing else: skipped by what parses a value. SipSyntax.
Result<std::string_view> take_parameters(Scanner& scanner);

}  // namespace claviger::sip
