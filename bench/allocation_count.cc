#include "bench/allocation_count.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> count{0};
thread_local claviger::bench::AllocationObserver its_observer = nullptr;

void note(const void* caller) noexcept {
  count.fetch_add(1, std::memory_order_relaxed);
  if (its_observer != nullptr) its_observer(caller);
}

void* allocate(std::size_t size, const void* caller) noexcept {
  note(caller);
  return std::malloc(size == 0 ? 1 : size);
}

void* allocate(std::size_t size, std::align_val_t alignment, const void* caller) noexcept {
  note(caller);
  const auto unit = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
}

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

std::uint64_t claviger::bench::allocation_count() { return count.load(std::memory_order_relaxed); }
void claviger::bench::set_allocation_observer(AllocationObserver observer) { its_observer = observer; }

#define CLAVIGER_CALLER __builtin_return_address(0)
[[gnu::noinline]] void* operator new(std::size_t size) { return or_throw(allocate(size, CLAVIGER_CALLER)); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return or_throw(allocate(size, CLAVIGER_CALLER)); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return or_throw(allocate(size, alignment, CLAVIGER_CALLER));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return or_throw(allocate(size, alignment, CLAVIGER_CALLER));
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, CLAVIGER_CALLER);
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, CLAVIGER_CALLER);
}
#undef CLAVIGER_CALLER
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
