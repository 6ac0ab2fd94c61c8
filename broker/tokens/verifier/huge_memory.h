// A block of zeroed memory of fixed size for a table that is read at random: on huge pages where the kernel gives them,
// because with 4 KiB pages each look-up misses the TLB as well, and left out of core dumps.
//
// Owned by one table, on its shard. Pages are taken from the system when first touched, never given back before the end.
#pragma once

#include <cstddef>
#include <utility>

#include "core/base/result.h"

namespace claviger::tokens {

class HugeMemory {
 public:
  HugeMemory() = default;
  HugeMemory(HugeMemory&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)),
        mapped_(std::exchange(other.mapped_, 0)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  HugeMemory& operator=(HugeMemory&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(mapped_, other.mapped_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  HugeMemory(const HugeMemory&) = delete;
  HugeMemory& operator=(const HugeMemory&) = delete;
  ~HugeMemory();

  // NoSpace when the system refuses.
  static Result<HugeMemory> take(std::size_t bytes);

  std::byte* data() const { return data_; }
  // What was asked for; the mapping is up to one huge page larger.
  std::size_t size() const { return size_; }

 private:
  void* base_ = nullptr;
  std::size_t mapped_ = 0;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace claviger::tokens
