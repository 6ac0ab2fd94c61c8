// HeaderUnpacker: gives nghttp2 long Huffman coded strings of header blocks decoded, which it then only copies
// (core/http/huffman.h says why).
//
// Stands between the socket and nghttp2_session_mem_recv(), frame by frame, after the FrameMeter. It touches HEADERS frames
// that are whole, without padding and with END_HEADERS, where a string is long enough to be worth it; in those it replaces
// each long Huffman string (RFC 7541 clause 5.2) by the same octets as they are and writes the frame's new length. Indices,
// table size updates and their order stay, so both dynamic tables remain in step. Whatever it does not understand, cannot
// decode or would make longer than a frame may be goes through as it came, for nghttp2 to judge. Owned by a connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"

namespace claviger::http {

// The frame with its long strings decoded, written to `out`; nothing: to be given as it is. `frame` is one whole HEADERS
// frame with its header.
std::optional<std::size_t> unpack_headers(Bytes frame, MutableBytes out);

class HeaderUnpacker {
 public:
  static constexpr std::size_t kFrameBytesMax = 9 + 16384;  // SETTINGS_MAX_FRAME_SIZE as we leave it

  // What is to be given next, taken from the front of `bytes`; empty when that is empty. It stays until the next call, and
  // is wiped then: tokens are in it. Whoever does not go on until nothing is given says wipe().
  Bytes next(Bytes& bytes);
  // What next() gave last on this thread is no more.
  static void wipe();

 private:
  std::size_t preface_left_ = 24;
  std::size_t payload_left_ = 0;
  std::size_t header_filled_ = 0;
  std::array<std::byte, 9> header_{};
};

}  // namespace claviger::http
