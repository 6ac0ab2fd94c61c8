// Huffman coded strings of HPACK (RFC 7541 clause 5.2 and appendix B), decoded two symbols at a time.
//
// nghttp2 walks such a string by half octets, 5 ns a character: a request with an access token spends a quarter of a
// delivery there. Here 13 bits are looked up at once, which most pairs of a token's characters fit into. Pure functions, any
// thread.
#pragma once

#include <cstddef>
#include <optional>

#include "core/base/bytes.h"

namespace claviger::http {

// As large as `coded` octets can become: the shortest code has five bits.
constexpr std::size_t huffman_decoded_max(std::size_t coded) { return coded * 8 / 5; }

// How many octets were written; `out` has huffman_decoded_max(). Nothing: EOS stands in it, or its padding is longer than
// seven bits or not of ones.
std::optional<std::size_t> huffman_decode(Bytes coded, MutableBytes out);

}  // namespace claviger::http
