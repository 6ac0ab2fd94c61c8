// HeaderUnpacker: gives nghttp2 long Huffman coded strings of header blocks decoded, which it then only copies
// (core/http/huffman.h says why).
//
// Stands between the socket and nghttp2_session_mem_recv(), frame by frame, after the FrameMeter. It touches HEADERS frames
// that are whole, without padding and with END_HEADERS, where a string is long enough to be worth it; in those it replaces
// each long Huffman string (RFC 7541 clause 5.2) by the same octets as they are and writes the frame's new length. Indices,
// table size updates and their order stay, so both dynamic tables remain in step. Whatever it does not understand, cannot
// decode or would make longer than a frame may be goes through as it came, for nghttp2 to judge. Owned by a connection.
//
// Access tokens are "never indexed" by most clients (curl and all of nghttp2's), so that each request of a connection brings the
// same octets again: the last long string is kept with what it means, and copied when it comes again.
#pragma once

#include <cstddef>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/secret.h"
#include "core/base/slice.h"
#include "core/http/frame_walk.h"

namespace claviger::http {

// The last string of a connection that was worth keeping: as it came, and decoded. A secret, as tokens are.
class KnownString {
 public:
  // Shorter ones are decoded as fast as they are compared; longer ones would take more of a connection than nghttp2 does.
  static constexpr std::size_t kCodedMin = 192;
  static constexpr std::size_t kCodedMax = 2048;

  // Empty: it is not the one. Takes the same time wherever they differ: behind a proxy others share the connection.
  Bytes decoded(Bytes coded) const;
  void keep(Bytes coded, Bytes decoded);

 private:
  SecretBytes memory_;  // coded, decoded
  std::size_t coded_size_ = 0;
  std::size_t decoded_size_ = 0;
};

// The frame with its long strings decoded, written to `out`; nothing: to be given as it is. `frame` is one whole HEADERS
// frame with its header. `touched`: of `out`, what was written to, also when nothing comes of it.
std::optional<std::size_t> unpack_headers(Bytes frame, MutableBytes out, std::size_t* touched = nullptr,
                                          KnownString* known = nullptr);

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
  KnownString known_;
};

}  // namespace claviger::http
