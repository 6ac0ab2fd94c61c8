// Base32 (RFC 4648 clause 6), as one-time-password seeds are written: read in both cases, with or without padding, with
// blanks and hyphens between groups; written in upper case without padding.
//
// Pure functions, any thread; into the caller's buffer, because what comes in is a key.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::codec {

constexpr std::size_t base32_decoded_size_max(std::size_t characters) { return characters * 5 / 8; }

// The number of bytes written. BadValue: another character, a length that no bytes have, bits left that are not 0.
// TooLarge: `out` is too small.
Result<std::size_t> base32_decode(std::string_view text, MutableBytes out);
std::string base32_encode(Bytes bytes);

}  // namespace claviger::codec
