// The body of a request while it arrives: a view into the slab it came in when it came in one piece (the usual case),
// else gathered.
//
// Owned by an exchange. A view held over the end of a turn would pin a whole slab for a few bytes (128 streams of a
// thousand connections: gigabytes), so unpin() copies what is there once the protocol has looked through its input.
#pragma once

#include <string>

#include "core/base/slice.h"

namespace claviger::http {

class BodyBuffer {
 public:
  std::size_t size() const { return pinned_.size() + gathered_.size(); }
  bool is_pinned() const { return !pinned_.empty(); }

  void append(const Slice& piece) {
    if (piece.empty()) return;
    if (size() == 0) {
      pinned_ = piece;
      return;
    }
    unpin();
    gathered_.append(piece.text());  // copy: the pieces lie apart
  }
  void unpin() {
    if (pinned_.empty()) return;
    gathered_.assign(pinned_.text());  // copy: see above
    pinned_ = Slice();
  }
  Slice take(SlabPool& slabs) {
    if (!gathered_.empty()) {
      Slice whole = Slice::copy_of(slabs, as_bytes(gathered_));  // copy: readers want one slice
      gathered_ = std::string();
      return whole;
    }
    return std::exchange(pinned_, Slice());
  }

 private:
  Slice pinned_;
  std::string gathered_;
};

}  // namespace claviger::http
