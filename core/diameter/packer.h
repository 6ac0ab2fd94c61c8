// Packs messages that are kept (until answered, until sent) close together in slabs.
//
// One per shard. A received message pins the whole slab it came in; a hundred thousand of them that wait would pin a
// hundred thousand slabs. Here each costs its own size, and a slab goes back to the pool with its last message.
#pragma once

#include <cstring>
#include <utility>

#include "core/base/slice.h"

namespace claviger::diameter {

class Packer {
 public:
  explicit Packer(SlabPool& pool) : pool_(&pool) {}

  // Room to be filled at once, and the slice of it.
  std::pair<Slice, MutableBytes> room(std::size_t size) {
    if (size > kSlabBytes) return cut(fresh(size), 0, size);
    if (size > slab_.size() - used_) {
      slab_ = fresh(kSlabBytes);
      used_ = 0;
    }
    const std::size_t at = used_;
    used_ += (size + 15) & ~std::size_t{15};
    used_ = used_ < slab_.size() ? used_ : slab_.size();
    return cut(slab_, at, size);
  }
  // copy: into a slab that holds nothing but what is kept.
  Slice keep(Bytes bytes) {
    auto [slice, to] = room(bytes.size());
    if (!bytes.empty()) std::memcpy(to.data(), bytes.data(), bytes.size());
    return std::move(slice);
  }

 private:
  Slice fresh(std::size_t size) {
    SlabWriter writer(*pool_, size);
    writer.advance(size);
    return writer.finish();
  }
  static std::pair<Slice, MutableBytes> cut(const Slice& slab, std::size_t at, std::size_t size) {
    Slice part = slab.part(at, size);
    // The slab was made here and nobody has seen these bytes yet.
    const MutableBytes to(const_cast<std::byte*>(part.data()), size);
    return {std::move(part), to};
  }

  SlabPool* pool_;
  Slice slab_;
  std::size_t used_ = 0;
};

}  // namespace claviger::diameter
