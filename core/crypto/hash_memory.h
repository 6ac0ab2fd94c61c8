// Memory of a password hash, kept by the thread that hashes: Argon2 fills 19 MiB each time, and a page given back to
// the system costs a fault when it is taken again; at default cost the faults were a third of the whole hash.
//
// One block a thread, as large as the last hash of that thread wanted, given back when the thread ends. libargon2 wipes
// what it used before it returns it. Two megabytes a page where the system has them: Argon2 jumps about in its memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace claviger::crypto {

// Hashes that want more (imported ones may) take and give back theirs: an idle thread keeps no more than this.
inline constexpr std::size_t kHashMemoryKeptMax = 64U << 20U;

// argon2_context's allocate_cbk and free_cbk: 0, or another number when there is no memory.
int take_hash_memory(std::uint8_t** memory, std::size_t bytes);
void give_hash_memory(std::uint8_t* memory, std::size_t bytes);

}  // namespace claviger::crypto
