#include "core/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace claviger {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "claviger: assertion failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace claviger
