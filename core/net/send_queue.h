// What a connection has to send and the socket has not yet taken: a chain of slabs that leaves in one writev().
//
// Owned by a connection, on its shard. Empty, it holds no slab.
//
// While a Borrowed lives, what is appended to an empty queue stands in memory of the shard first, which every connection's
// flush uses anew: it stays in the processor's cache, as slabs, of which answers use the front, do not.
#pragma once

#include <deque>
#include <optional>

#include "core/base/result.h"
#include "core/base/slice.h"

namespace claviger::net {

class SendQueue {
 public:
  explicit SendQueue(SlabPool& pool) : pool_(&pool) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // copy: out of OpenSSL's record buffer, which it reuses for the next record.
  void append(Bytes bytes);
  // Room for at least `at_least` (up to a slab's size); what was written there counts after commit().
  MutableBytes room(std::size_t at_least);
  void commit(std::size_t written);

  // One system call. How much the socket took; 0 when it is full. Code::PeerClosed, Code::Io.
  Result<std::size_t> write_to(int descriptor);

  // For the time of one flush; what is left in `scratch` then is copied into slabs.
  class Borrowed {
   public:
    Borrowed(SendQueue& queue, MutableBytes scratch) : queue_(queue) {
      if (queue.empty()) queue.scratch_ = scratch;
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() { queue_.leave_scratch(); }

   private:
    SendQueue& queue_;
  };

 private:
  void leave_scratch();
  void append_to_slabs(Bytes bytes);
  void drop_sent(std::size_t sent);
  void finish_tail();

  // Slabs a writev() takes: 256 KiB; the rest follows in the next turn.
  static constexpr std::size_t kVectorsMax = 16;

  SlabPool* pool_;
  MutableBytes scratch_;  // borrowed; stands before the slabs
  std::size_t scratch_filled_ = 0;
  std::size_t scratch_sent_ = 0;
  std::deque<Slice> full_;
  std::optional<SlabWriter> tail_;
  std::size_t front_sent_ = 0;  // of the first slab in the chain
  std::size_t size_ = 0;
};

}  // namespace claviger::net
