// The three segments of a JWS in compact serialisation (RFC 7515 clause 7.1), still in base64url.
//
// A view into the caller's bytes. Pure function, any thread. Five segments (JWE) and the JSON serialisations are not
// for us: refused by counting dots, before anything is decoded.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::tokens {

// Our tokens have 500 to 1000 bytes; a header line of a SIP or HTTP peer carries no more than 8 KiB either.
inline constexpr std::size_t kTokenBytesMax = 8192;

struct CompactToken {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  Bytes signed_bytes;  // header '.' payload: what the signature covers
};

// TokenTooLong; TokenSegments when there are not exactly three, or one of the first two is empty. An empty signature is
// for the key to refuse.
Result<CompactToken> split_compact(std::string_view token);

}  // namespace claviger::tokens
