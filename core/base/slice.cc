#include "core/base/slice.h"

#include <algorithm>
#include <limits>
#include <new>

namespace claviger {

SlabPool::~SlabPool() {
  CLAVIGER_ASSERT(in_use_ == 0);
  for (Slab* slab : free_) ::operator delete(slab);
}

Slab* SlabPool::take(std::size_t capacity) {
  capacity = std::max(capacity, kSlabBytes);
  CLAVIGER_ASSERT(capacity <= std::numeric_limits<std::uint32_t>::max());
  ++in_use_;
  if (capacity == kSlabBytes && !free_.empty()) {
    Slab* slab = free_.back();
    free_.pop_back();
    slab->references = 1;
    return slab;
  }
  void* memory = ::operator new(sizeof(Slab) + capacity + kSlabPadding);
  Slab* slab = new (memory) Slab{this, 1, static_cast<std::uint32_t>(capacity)};
  std::memset(slab->bytes() + capacity, 0, kSlabPadding);
  return slab;
}

void SlabPool::give_back(Slab* slab) noexcept {
  CLAVIGER_ASSERT(slab->pool == this && slab->references == 0);
  --in_use_;
  if (slab->capacity == kSlabBytes && free_.size() < kSlabsKeptMax) {
    free_.push_back(slab);
  } else {
    ::operator delete(slab);
  }
}

Slice Slice::copy_of(SlabPool& pool, Bytes bytes) {
  SlabWriter writer(pool, bytes.size());
  writer.append(bytes);
  return writer.finish();
}

SlabWriter::~SlabWriter() {
  if (slab_ != nullptr && --slab_->references == 0) pool_->give_back(slab_);
}

void SlabWriter::reserve(std::size_t more) {
  if (more <= room()) return;
  Slab* bigger = pool_->take(std::max(size_ + more, static_cast<std::size_t>(slab_->capacity) * 2));
  std::memcpy(bigger->bytes(), slab_->bytes(), size_);
  if (--slab_->references == 0) pool_->give_back(slab_);
  slab_ = bigger;
}

void SlabWriter::append_growing(std::string_view text) {
  reserve(text.size());
  append(text);
}

Slice SlabWriter::finish() {
  Slice slice(slab_, Bytes(slab_->bytes(), size_));
  --slab_->references;  // the writer's own; the slice holds the other
  slab_ = nullptr;
  size_ = 0;
  return slice;
}

}  // namespace claviger
