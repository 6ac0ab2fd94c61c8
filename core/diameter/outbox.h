// Messages that wait for a connection to take them: a ring of slices, bounded by bytes by whoever puts them there.
//
// Owned by a connection, on its shard. In steady state nothing is allocated.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/base/slice.h"
#include "core/diameter/kept_answer.h"

namespace claviger::diameter {

class Outbox {
 public:
  Outbox() = default;
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox() {
    while (head_ != tail_) drop_front();
  }
  std::size_t bytes() const { return bytes_; }
  bool empty() const { return head_ == tail_; }

  // An answer is this outbox's alone, and wiped when it is on its way.
  void push(Slice message, bool is_answer) {
    if (tail_ - head_ == ring_.size()) grow();
    bytes_ += message.size();
    ring_[tail_++ & (ring_.size() - 1)] = {std::move(message), is_answer};
  }
  // copy: to what leaves in one system call, of many small messages; a vector of their slices costs the kernel more.
  std::size_t produce(MutableBytes to) {
    std::size_t written = 0;
    while (head_ != tail_ && written < to.size()) {
      const Slice& front = ring_[head_ & (ring_.size() - 1)].message;
      const std::size_t count = std::min(front.size() - front_sent_, to.size() - written);
      std::memcpy(to.data() + written, front.data() + front_sent_, count);
      written += count;
      front_sent_ += count;
      if (front_sent_ < front.size()) break;
      drop_front();
    }
    bytes_ -= written;
    return written;
  }

 private:
  static constexpr std::size_t kFirst = 64;
  struct Waiting {
    Slice message;
    bool is_answer = false;
  };
  void drop_front() {
    Waiting& front = ring_[head_++ & (ring_.size() - 1)];
    if (front.is_answer) wipe_answer(front.message);
    front.message = Slice();
    front_sent_ = 0;
  }
  void grow() {
    std::vector<Waiting> bigger(ring_.empty() ? kFirst : ring_.size() * 2);
    std::size_t count = 0;
    for (; head_ != tail_; ++head_) bigger[count++] = std::move(ring_[head_ & (ring_.size() - 1)]);
    ring_ = std::move(bigger);
    head_ = 0;
    tail_ = count;
  }
  std::vector<Waiting> ring_;  // a power of two
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t front_sent_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace claviger::diameter
