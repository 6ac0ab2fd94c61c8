// SpareMemory: small blocks that a thread's connections take and give back many times a request, kept between the two
// instead of going to the heap: nghttp2's own (its nghttp2_mem), a stream's exchange and its storage.
//
// Per thread, that is per shard; a block given back on another thread stays there. Bounded by kSpareBytesMax a size; beyond
// it, and above kSpareBlockBytesMax, it is the heap's. Wiped when given back: values of header fields are in such blocks, tokens
// among them.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>

namespace claviger::http {

inline constexpr std::size_t kSpareBlockBytesMax = 4096;
// Of each size: the streams of some hundred connections that are active in one turn.
inline constexpr std::size_t kSpareBytesMax = 512 * 1024;

// Under a sanitizer all is the heap's, so that it sees who touches what is gone.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kKeepsSpareMemory = false;
#elif defined(__has_feature)
inline constexpr bool kKeepsSpareMemory = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
inline constexpr bool kKeepsSpareMemory = true;
#endif

// Null when the heap has nothing. As aligned as malloc's.
void* take_spare(std::size_t size) noexcept;
void give_back_spare(void* memory) noexcept;

// For a session: lives as long as the process.
nghttp2_mem* spare_nghttp2_memory();

// The operators of a class whose objects come and go with each request.
struct FromSpareMemory {
  static void* operator new(std::size_t size);
  static void operator delete(void* memory) noexcept { give_back_spare(memory); }
};

}  // namespace claviger::http
