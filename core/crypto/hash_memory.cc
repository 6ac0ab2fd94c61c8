#include "core/crypto/hash_memory.h"

#include <sys/mman.h>

namespace claviger::crypto {
namespace {

constexpr std::size_t kHugePage = 2U << 20U;

std::size_t rounded(std::size_t bytes) { return (bytes + kHugePage - 1) / kHugePage * kHugePage; }

// Aligned for huge pages, which the kernel gives only to aligned ranges: a page more is reserved (never touched), and
// what stands before and behind is given back.
std::uint8_t* map(std::size_t bytes) {
  const std::size_t size = rounded(bytes);
  void* const found =
      ::mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) return nullptr;
  auto* const start = static_cast<std::uint8_t*>(found);
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(start) % kHugePage) % kHugePage;
  if (before != 0) ::munmap(start, before);
  ::munmap(start + before + size, kHugePage - before);
  // Both are wishes: without them it is slower, and a core dump larger.
  ::madvise(start + before, size, MADV_HUGEPAGE);
  ::madvise(start + before, size, MADV_DONTDUMP);
  return start + before;
}

void unmap(std::uint8_t* memory, std::size_t bytes) {
  if (memory != nullptr) ::munmap(memory, rounded(bytes));
}

struct Kept {
  std::uint8_t* memory = nullptr;
  std::size_t bytes = 0;
  bool is_taken = false;
  ~Kept() { unmap(memory, bytes); }
};

// A thread's scratch memory, not state: nothing in it outlives one hash.
Kept& kept() {
  thread_local Kept mine;
  return mine;
}

}  // namespace

int take_hash_memory(std::uint8_t** memory, std::size_t bytes) {
  Kept& mine = kept();
  if (bytes > kHashMemoryKeptMax || mine.is_taken) {
    *memory = map(bytes);
    return *memory == nullptr ? 1 : 0;
  }
  if (mine.bytes < bytes) {
    unmap(mine.memory, mine.bytes);
    mine.bytes = 0;
    mine.memory = map(bytes);
    if (mine.memory == nullptr) return 1;
    mine.bytes = bytes;
  }
  mine.is_taken = true;
  *memory = mine.memory;
  return 0;
}

void give_hash_memory(std::uint8_t* memory, std::size_t bytes) {
  Kept& mine = kept();
  if (memory == mine.memory && memory != nullptr) {
    mine.is_taken = false;
  } else {
    unmap(memory, bytes);
  }
}

}  // namespace claviger::crypto
