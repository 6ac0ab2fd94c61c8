#include "core/http/spare_memory.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace claviger::http {
namespace {

// Stands before each block.
struct alignas(std::max_align_t) Header {
  std::size_t size;  // of the block with its header: a power of two; above kSpareBlockBytesMax: the heap's, as asked
};
struct Block {
  Header header;
  Block* next;
};

constexpr std::size_t kSmallest = 64;
constexpr std::size_t kSizes = 7;  // 64 to 4096
static_assert(kSmallest << (kSizes - 1) == kSpareBlockBytesMax);

struct Shelf {
  Block* first = nullptr;
  std::size_t bytes = 0;
};

struct Shelves {
  std::array<Shelf, kSizes> by_size;
  bool is_gone = false;  // objects of other threads' ends may still come
  ~Shelves() {
    is_gone = true;
    for (Shelf& shelf : by_size) {
      while (Block* block = shelf.first) {
        shelf.first = block->next;
        std::free(block);
      }
    }
  }
};
thread_local Shelves shelves;

std::size_t shelf_of(std::size_t size) { return static_cast<std::size_t>(std::countr_zero(size)) - 6U; }

Block* block_of(void* memory) { return reinterpret_cast<Block*>(static_cast<std::byte*>(memory) - sizeof(Header)); }

}  // namespace

void* take_spare(std::size_t size) noexcept {
  if (size > SIZE_MAX / 2) return nullptr;
  std::size_t whole = size + sizeof(Header);
  Block* block = nullptr;
  if (whole <= kSpareBlockBytesMax) {
    whole = std::bit_ceil(whole < kSmallest ? kSmallest : whole);
    Shelf& shelf = shelves.by_size[shelf_of(whole)];
    if (shelf.first != nullptr) {
      block = shelf.first;
      shelf.first = block->next;
      shelf.bytes -= whole;
    }
  }
  if (block == nullptr) block = static_cast<Block*>(std::malloc(whole));
  if (block == nullptr) return nullptr;
  block->header.size = whole;
  return &block->next;
}

void give_back_spare(void* memory) noexcept {
  if (memory == nullptr) return;
  Block* const block = block_of(memory);
  const std::size_t size = block->header.size;
  // Values of header fields lie here as nghttp2 has decoded them, tokens among them.
  explicit_bzero(memory, size - sizeof(Header));
  if (!kKeepsSpareMemory || size > kSpareBlockBytesMax || shelves.is_gone) return std::free(block);
  Shelf& shelf = shelves.by_size[shelf_of(size)];
  if (shelf.bytes + size > kSpareBytesMax) return std::free(block);
  block->next = shelf.first;
  shelf.first = block;
  shelf.bytes += size;
}

void* FromSpareMemory::operator new(std::size_t size) {
  void* const memory = take_spare(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

nghttp2_mem* spare_nghttp2_memory() {
  static nghttp2_mem memory{nullptr, [](std::size_t size, void*) { return take_spare(size); },
                            [](void* block, void*) { give_back_spare(block); },
                            [](std::size_t count, std::size_t size, void*) -> void* {
                              if (size != 0 && count > SIZE_MAX / size) return nullptr;
                              void* const block = take_spare(count * size);
                              if (block != nullptr) std::memset(block, 0, count * size);
                              return block;
                            },
                            [](void* block, std::size_t size, void*) -> void* {
                              if (block == nullptr) return take_spare(size);
                              const std::size_t room = block_of(block)->header.size - sizeof(Header);
                              if (size <= room) return block;
                              void* const larger = take_spare(size);
                              if (larger == nullptr) return nullptr;
                              std::memcpy(larger, block, room);  // copy: it grows
                              give_back_spare(block);
                              return larger;
                            }};
  return &memory;
}

}  // namespace claviger::http
