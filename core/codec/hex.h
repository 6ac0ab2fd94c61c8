// Hexadecimal text (RFC 4648 clause 8), strict: an even number of digits, nothing between them.
//
// Both cases are read, lower case is written. Neither direction branches on or indexes by the bytes, so keys
// may go through, into the caller's buffer. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/codec/text_sink.h"

namespace claviger::codec {

// The number of bytes written. HexInvalid; TooLarge when `out` has less than half as many bytes as `text`.
Result<std::size_t> hex_decode(std::string_view text, MutableBytes out);

// `out` must have twice as many bytes; the number written.
std::size_t hex_encode(Bytes bytes, MutableBytes out);

template <TextSink Sink>
void hex_encode(Bytes bytes, Sink& sink) {
  append_with(sink, bytes.size() * 2, [&](char* out) {
    return hex_encode(bytes, MutableBytes(reinterpret_cast<std::byte*>(out), bytes.size() * 2));
  });
}

}  // namespace claviger::codec
