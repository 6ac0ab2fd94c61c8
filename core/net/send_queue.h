// What a connection has to send and the socket has not yet taken: a chain of slabs that leaves in one writev().
//
// Owned by a connection, on its shard. Empty, it holds no slab.
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

 private:
  // Slabs a writev() takes: 256 KiB; the rest follows in the next turn.
  static constexpr std::size_t kVectorsMax = 16;

  SlabPool* pool_;
  std::deque<Slice> full_;
  std::optional<SlabWriter> tail_;
  std::size_t front_sent_ = 0;  // of the first slab in the chain
  std::size_t size_ = 0;
};

}  // namespace claviger::net
