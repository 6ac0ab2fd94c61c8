// Slab: a reference-counted block of bytes from a shard's pool. Slice: a view into a slab that keeps it alive.
//
// A slab and all its slices belong to one shard (the count is not atomic); what must reach another shard is copied.
// A slice pins its whole slab: hold it for a request, not in a cache. `kSlabPadding` readable bytes follow every slab's
// capacity, so that simdjson may read past the end of a document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"

namespace claviger {

// One TLS record's plaintext (RFC 8446 clause 5.1) fits; most requests and answers do, too.
inline constexpr std::size_t kSlabBytes = 16 * 1024;
inline constexpr std::size_t kSlabPadding = 64;
// Freed slabs kept for reuse: 512 * 16 KiB = 8 MiB a shard, enough for the connections that are active in one turn.
inline constexpr std::size_t kSlabsKeptMax = 512;

class SlabPool;

// Header of a block; the bytes follow it. Only Slice, SlabWriter and SlabPool touch it.
struct Slab {
  SlabPool* pool;
  std::uint32_t references;
  std::uint32_t capacity;
  std::byte* bytes() { return reinterpret_cast<std::byte*>(this + 1); }
};
static_assert(sizeof(Slab) == 16);

// Owner of slabs; lives as long as its shard and must outlive every slab and slice cut from it.
class SlabPool {
 public:
  SlabPool() = default;
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;
  ~SlabPool();

  // A slab of at least `capacity` bytes with one reference: pooled when it fits kSlabBytes, else from the allocator.
  Slab* take(std::size_t capacity);
  void give_back(Slab* slab) noexcept;

  std::size_t in_use() const { return in_use_; }

 private:
  std::vector<Slab*> free_;
  std::size_t in_use_ = 0;
};

class Slice {
 public:
  Slice() = default;
  Slice(Slab* slab, Bytes bytes) : slab_(slab), data_(bytes.data()), size_(bytes.size()) { retain(); }
  Slice(const Slice& other) : slab_(other.slab_), data_(other.data_), size_(other.size_) { retain(); }
  Slice(Slice&& other) noexcept
      : slab_(std::exchange(other.slab_, nullptr)), data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Slice& operator=(Slice other) noexcept {
    std::swap(slab_, other.slab_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Slice() { release(); }

  // Bytes that live for the whole program (string literals, tables): nothing to keep alive.
  static Slice of_static(std::string_view text) {
    Slice slice;
    slice.data_ = as_bytes(text).data();
    slice.size_ = text.size();
    return slice;
  }
  // copy: for bytes whose owner does not outlive the caller.
  static Slice copy_of(SlabPool& pool, Bytes bytes);

  Bytes bytes() const { return {data_, size_}; }
  std::string_view text() const { return as_text(bytes()); }
  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // `offset + length` must lie within this slice.
  Slice part(std::size_t offset, std::size_t length) const {
    CLAVIGER_ASSERT(offset <= size_ && length <= size_ - offset);
    Slice slice;
    slice.slab_ = slab_;
    slice.data_ = data_ + offset;
    slice.size_ = length;
    slice.retain();
    return slice;
  }

 private:
  void retain() noexcept {
    if (slab_ != nullptr) ++slab_->references;
  }
  void release() noexcept {
    if (slab_ != nullptr && --slab_->references == 0) slab_->pool->give_back(slab_);
  }
  Slab* slab_ = nullptr;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// The one writer of a fresh slab: encoders compute the size first, then append; finish() gives the slice.
// Growing is allowed off the hot path (append_growing): it moves what was written into a bigger slab.
class SlabWriter {
 public:
  SlabWriter(SlabPool& pool, std::size_t capacity) : pool_(&pool), slab_(pool.take(capacity)) {}
  SlabWriter(const SlabWriter&) = delete;
  SlabWriter& operator=(const SlabWriter&) = delete;
  SlabWriter(SlabWriter&& other) noexcept
      : pool_(other.pool_), slab_(std::exchange(other.slab_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  SlabWriter& operator=(SlabWriter&&) = delete;
  ~SlabWriter();

  std::size_t size() const { return size_; }
  std::size_t room() const { return slab_->capacity - size_; }
  MutableBytes unwritten() { return {slab_->bytes() + size_, room()}; }
  Bytes written() const { return {slab_->bytes(), size_}; }

  void append(Bytes bytes) {
    CLAVIGER_ASSERT(bytes.size() <= room());
    if (!bytes.empty()) std::memcpy(slab_->bytes() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void append(std::string_view text) { append(as_bytes(text)); }
  void append(char character) { append(std::string_view(&character, 1)); }
  // After something else (a decoder, recv) wrote `count` bytes into unwritten().
  void advance(std::size_t count) {
    CLAVIGER_ASSERT(count <= room());
    size_ += count;
  }
  void append_growing(std::string_view text);
  void reserve(std::size_t more);

  // The slice of all that was written; the writer is empty afterwards and must not be used again.
  Slice finish();

 private:
  SlabPool* pool_;
  Slab* slab_;
  std::size_t size_ = 0;
};

}  // namespace claviger
