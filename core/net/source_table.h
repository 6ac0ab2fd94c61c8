// How many connections each source address has, in a table of fixed size: one source cannot take them all.
//
// One per listener, shared by all shards (counted when accepted on one, released when closed on another). Sources share
// a bucket when their keyed hashes meet: nobody can aim at another's bucket, and an innocent neighbour only meets the
// bound earlier.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/base/siphash.h"

namespace claviger::net {

class SourceTable {
 public:
  // 64 KiB; at 10 000 connected sources some two share a bucket, each with its own thousands still to go.
  static constexpr std::size_t kBuckets = 16 * 1024;

  explicit SourceTable(SipKey key) : key_(key) {}
  std::size_t bucket_of(std::uint64_t source) const {
    return siphash(key_, std::as_bytes(std::span(&source, 1))) % kBuckets;
  }
  // False, and not counted, when the bucket already has `connections_max`.
  bool enter(std::size_t bucket, std::uint32_t connections_max) {
    if (counts_[bucket].fetch_add(1, std::memory_order_relaxed) < connections_max) return true;
    leave(bucket);
    return false;
  }
  void leave(std::size_t bucket) { counts_[bucket].fetch_sub(1, std::memory_order_relaxed); }

 private:
  SipKey key_;
  std::array<std::atomic<std::uint32_t>, kBuckets> counts_{};
};

}  // namespace claviger::net
