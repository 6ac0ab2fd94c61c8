// Base64url without padding (RFC 4648 clause 5, RFC 7515 clause 2) and base64 with padding (clause 4), both
// strict.
//
// Strict: one text per byte string. No whitespace, no foreign character, no length of 1 mod 4, no set bit
// behind the last byte, so that encode(decode(text)) == text always holds; laxness here would make two tokens
// of one (RFC 8725 clause 2). Base64url, and base64 when written, run on AVX2 where the processor has it, with
// the same results as the portable code. Decoding branches on and indexes by its input: it is for tokens and
// keys that are public or checked afterwards. Encoding does neither, so secrets may go through it, into the
// caller's buffer. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/codec/text_sink.h"

namespace claviger::codec {

// Exact for a well formed text; never less than what base64url_decode() writes.
constexpr std::size_t base64url_decoded_size_max(std::size_t text_size) {
  return text_size / 4 * 3 + text_size % 4 * 3 / 4;
}
constexpr std::size_t base64url_encoded_size(std::size_t size) { return size / 3 * 4 + (size % 3 * 4 + 2) / 3; }

// The number of bytes written to the front of `out`. Base64Invalid; TooLarge when `out` is too small. What
// `out` holds after an error is unspecified; bytes of it beyond base64url_decoded_size_max(text.size()) are
// never touched.
Result<std::size_t> base64url_decode(std::string_view text, MutableBytes out);

// `out` must have base64url_encoded_size() bytes; the number written.
std::size_t base64url_encode(Bytes bytes, MutableBytes out);

template <TextSink Sink>
void base64url_encode(Bytes bytes, Sink& sink) {
  const std::size_t size = base64url_encoded_size(bytes.size());
  append_with(sink, size, [&](char* out) {
    return base64url_encode(bytes, MutableBytes(reinterpret_cast<std::byte*>(out), size));
  });
}

// The alphabet with '+' and '/', padded to a multiple of 4: HTTP Basic (RFC 7617), PEM-like text, SIP.
constexpr std::size_t base64_decoded_size_max(std::size_t text_size) { return text_size / 4 * 3; }
constexpr std::size_t base64_encoded_size(std::size_t size) { return (size + 2) / 3 * 4; }
Result<std::size_t> base64_decode(std::string_view text, MutableBytes out);
std::size_t base64_encode(Bytes bytes, MutableBytes out);

template <TextSink Sink>
void base64_encode(Bytes bytes, Sink& sink) {
  const std::size_t size = base64_encoded_size(bytes.size());
  append_with(sink, size,
              [&](char* out) { return base64_encode(bytes, MutableBytes(reinterpret_cast<std::byte*>(out), size)); });
}

}  // namespace claviger::codec
