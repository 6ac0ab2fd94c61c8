// Facts about this process that only it can tell: allocator, library versions, memory. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace claviger::admin {

std::string_view version();      // of Claviger
std::string allocator();         // "mimalloc 2.0.9", "libc", asked of the loader: what malloc really is
std::string openssl_version();   // "OpenSSL 3.0.22 ..." as loaded, not as compiled against
std::uint64_t resident_bytes();  // 0: unknown

}  // namespace claviger::admin
