// CLAVIGER_ASSERT states one condition that only our own mistake can break. It stays on in release: a broker that has
// lost its invariants must not go on handing out keys.
#pragma once

namespace claviger {

// Prints the condition and its place to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace claviger

#define CLAVIGER_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::claviger::assertion_failed(#condition, __FILE__, __LINE__))

// For checks that would show in a hot path's profile: thread ownership, reference counts.
#ifdef NDEBUG
#define CLAVIGER_DEBUG_ASSERT(condition) static_cast<void>(0)
#else
#define CLAVIGER_DEBUG_ASSERT(condition) CLAVIGER_ASSERT(condition)
#endif
