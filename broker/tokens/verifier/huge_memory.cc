#include "broker/tokens/verifier/huge_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <limits>

namespace claviger::tokens {
namespace {

// x86-64's, and arm64's with 4 KiB pages.
constexpr std::size_t kHugePageBytes = 2 * 1024 * 1024;

}  // namespace

HugeMemory::~HugeMemory() {
  if (base_ != nullptr) ::munmap(base_, mapped_);
}

Result<HugeMemory> HugeMemory::take(std::size_t bytes) {
  if (bytes == 0 || bytes > std::numeric_limits<std::size_t>::max() / 2)
    return Error{Code::NoSpace, "huge_memory.size"};
  HugeMemory memory;
  // One page more than asked for, so that the table can begin on a boundary: pages never touched cost nothing.
  memory.mapped_ = bytes + kHugePageBytes;
  void* base = ::mmap(nullptr, memory.mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return Error{Code::NoSpace, "huge_memory.map"};
  memory.base_ = base;
  const auto address = reinterpret_cast<std::uintptr_t>(base);
  const std::size_t skip = (kHugePageBytes - address % kHugePageBytes) % kHugePageBytes;
  memory.data_ = static_cast<std::byte*>(base) + skip;
  memory.size_ = bytes;
  // Both are wishes: without huge pages it is slower, and clavigerd turns core dumps off altogether.
  static_cast<void>(::madvise(base, memory.mapped_, MADV_HUGEPAGE));
  static_cast<void>(::madvise(base, memory.mapped_, MADV_DONTDUMP));
  return memory;
}

}  // namespace claviger::tokens
