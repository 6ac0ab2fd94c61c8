// A URI cut into its components (RFC 3986 clause 3): issuers, redirect URIs, MC IDs, partners' addresses.
//
// Views into the text that was parsed; valid while it lives. Any thread. Strict: only characters of the
// component's grammar, whole escapes, a scheme (relative references are refused), a port of 1 to 65535
// without leading zeros, an http or https URI has a host. IPvFuture and zone identifiers are refused: nothing
// of ours can use them. Nothing is normalised: the RFCs that use these URIs compare them character by
// character (RFC 3986 clause 6.2.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::codec {

// What browsers, proxies and our own HTTP limits carry without trouble.
inline constexpr std::size_t kUriBytesMax = 4096;

struct Uri {
  std::string_view whole;
  std::string_view scheme;    // as written; compare with scheme_is()
  std::string_view userinfo;  // without '@'
  std::string_view host;      // an IPv6 address with its brackets
  std::optional<std::uint16_t> port;
  std::string_view path;
  std::string_view query;     // without '?'
  std::string_view fragment;  // without '#'
  // An empty component is not an absent one ("https://a/?" and "https://a/" differ).
  bool has_authority = false;
  bool has_userinfo = false;
  bool has_query = false;
  bool has_fragment = false;

  // `lower` in lower case; schemes have no case (clause 3.1).
  bool scheme_is(std::string_view lower) const;
  // The port, or what http and https imply.
  std::optional<std::uint16_t> effective_port() const;
  // scheme://host[:port] in lower case without an implied port (RFC 6454 clause 6.2); empty without a host.
  std::string origin() const;
};

// Empty, TooLarge, UriRelative, UriSyntax.
Result<Uri> parse_uri(std::string_view text);

// The same for RFC 3986's absolute-URI (clause 4.3), which has no fragment: UriFragment.
Result<Uri> parse_absolute_uri(std::string_view text);

}  // namespace claviger::codec
