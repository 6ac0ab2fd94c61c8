// HeaderUnpacker: gives nghttp2 long Huffman coded strings of header blocks decoded, which it then only copies
// (core/http/huffman.h says why).
//
// Stands between the socket and nghttp2_session_mem_recv(), frame by frame, after the FrameMeter. It touches HEADERS frames
// that are whole, without padding and with END_HEADERS, where a string is long enough to be worth it; in those it replaces
// each long Huffman string (RFC 7541 clause 5.2) by the same octets as they are and writes the frame's new length. Indices,
// table size updates and their order stay, so both dynamic tables remain in step. Whatever it does not understand, cannot
// decode or would make longer than a frame may be goes through as it came, for nghttp2 to judge. Owned by a connection.
#pragma once

#include <cstddef>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/slice.h"
#include "core/http/frame_walk.h"

namespace claviger::http {

// The frame with its long strings decoded, written to `out`; nothing: to be given as it is. `frame` is one whole HEADERS
// frame with its header. `touched`: of `out`, what was written to, also when nothing comes of it.
std::optional<std::size_t> unpack_headers(Bytes frame, MutableBytes out, std::size_t* touched = nullptr);

// Where frames are written anew: a slab, taken when there is something to write. What stands in it is wiped, for tokens are
// in it: before the next frame, and at the end.
class UnpackRoom {
 public:
  explicit UnpackRoom(SlabPool& pool) : pool_(pool) {}
  UnpackRoom(const UnpackRoom&) = delete;
  UnpackRoom& operator=(const UnpackRoom&) = delete;
  ~UnpackRoom() { wipe(); }

 private:
  friend class HeaderUnpacker;
  void wipe();

  SlabPool& pool_;
  std::optional<SlabWriter> slab_;
  std::size_t used_ = 0;
};

class HeaderUnpacker {
 public:
  // What is to be given next, taken from the front of `bytes`; empty when that is empty. It stays until the next call, or
  // until `room` ends.
  Bytes next(Bytes& bytes, UnpackRoom& room);

 private:
  FrameWalk walk_;
};

}  // namespace claviger::http
