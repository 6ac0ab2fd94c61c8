// A range of IP addresses as operators write it: "192.0.2.0/24", "2001:db8::/32", or one address.
//
// A value, any thread. An IPv4 address that is mapped into IPv6 counts as IPv4.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::settings {

class Network {
 public:
  // ConfigValue: not an address, a prefix that is too long, or bits set behind it.
  static Result<Network> parse(std::string_view text);

  // False for whatever is no address.
  bool contains(std::string_view address) const;
  const std::string& text() const { return text_; }
  bool operator==(const Network& other) const { return text_ == other.text_; }

 private:
  std::array<std::byte, 16> bytes_{};  // IPv4 as ::ffff:a.b.c.d
  unsigned bits_ = 128;
  std::string text_;
};

// An address in the form in which peers are called; empty when it is none.
std::string normalised_address(std::string_view text);

}  // namespace claviger::settings
