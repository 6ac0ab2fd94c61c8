// The pairs of the Cookie header fields of one request (RFC 6265 clauses 4.2 and 5.4).
//
// Views into the fields, which must stay while they are used. One shard. A browser also sends what other
// services on the same host have set, so a pair that is not in the grammar is skipped, not refused: it must
// not lock our user out.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "core/base/result.h"

namespace claviger::codec {

// RFC 6265 clause 6.1 asks user agents for at least 50 a domain.
inline constexpr std::size_t kCookiesMax = 64;
// All fields together: two pairs of the 4096 bytes that clause 6.1 asks for.
inline constexpr std::size_t kCookieBytesMax = 8 * 1024;

struct Cookie {
  std::string_view name;
  std::string_view value;  // without enclosing quotes
};

class Cookies {
 public:
  std::span<const Cookie> all() const { return {cookies_.data(), count_}; }
  // NotFound; Duplicate when the name occurs twice: another host of the domain, or a page in clear text, has
  // set one of them to shadow ours (clause 8.6), and nobody can tell which.
  Result<std::string_view> only(std::string_view name) const;

 private:
  friend Result<Cookies> parse_cookies(std::span<const std::string_view> fields);
  std::array<Cookie, kCookiesMax> cookies_{};
  std::size_t count_ = 0;
};

// HTTP/2 may split the header into several fields (RFC 9113 clause 8.2.3). TooLarge, TooMany.
Result<Cookies> parse_cookies(std::span<const std::string_view> fields);
inline Result<Cookies> parse_cookies(std::string_view field) { return parse_cookies(std::span(&field, 1)); }

}  // namespace claviger::codec
