// The path of a request below /keymanagement/identity/v1/ (TS 33.180 clause D.2, spec 4.2). Pure function, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::keys {

enum class KmsCall : std::uint8_t { Init, KeyProvision, CertCache, Cert, Lookup, Redirect };

struct KmsTarget {
  KmsCall call;
  std::string uri;        // of the path, decoded once; empty: none
  std::string timestamp;  // 16 characters; empty: none
  std::optional<std::uint64_t> cache_number;
};

// `rest`: as sent, percent-encoding untouched; URIs may come without it. NotFound: none of ours. UriPathInvalid: a bad
// escape, NUL or another control character, no UTF-8, longer than kUriBytesMax, still encoded after decoding, a segment
// "." or "..", a timestamp or number that is none.
Result<KmsTarget> read_target(std::string_view rest);

}  // namespace claviger::keys
