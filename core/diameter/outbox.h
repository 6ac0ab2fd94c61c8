// Messages that wait for a connection to take them: a ring of slices, bounded by bytes by whoever puts them there.
//
// Owned by a connection, on its shard. In steady state nothing is allocated.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/base/slice.h"

namespace claviger::diameter {

class Outbox {
 public:
  std::size_t bytes() const { return bytes_; }
  bool empty() const { return head_ == tail_; }

  void push(Slice message) {
    if (tail_ - head_ == ring_.size()) grow();
    bytes_ += message.size();
    ring_[tail_++ & (ring_.size() - 1)] = std::move(message);
  }
  // copy: to what leaves in one system call, of many small messages; a vector of their slices costs the kernel more.
  std::size_t produce(MutableBytes to) {
    std::size_t written = 0;
    while (head_ != tail_ && written < to.size()) {
      Slice& front = ring_[head_ & (ring_.size() - 1)];
      const std::size_t count = std::min(front.size() - front_sent_, to.size() - written);
      std::memcpy(to.data() + written, front.data() + front_sent_, count);
      written += count;
      front_sent_ += count;
      if (front_sent_ < front.size()) break;
      front = Slice();
      front_sent_ = 0;
      ++head_;
    }
    bytes_ -= written;
    return written;
  }

 private:
  static constexpr std::size_t kFirst = 64;
  void grow() {
    std::vector<Slice> bigger(ring_.empty() ? kFirst : ring_.size() * 2);
    std::size_t count = 0;
    for (; head_ != tail_; ++head_) bigger[count++] = std::move(ring_[head_ & (ring_.size() - 1)]);
    ring_ = std::move(bigger);
    head_ = 0;
    tail_ = count;
  }
  std::vector<Slice> ring_;  // a power of two
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t front_sent_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace claviger::diameter
