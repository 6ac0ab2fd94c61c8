#include "core/runtime/wake_up.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "core/base/assert.h"

namespace claviger::runtime {

WakeUp::WakeUp(uv_loop_t& loop, UniqueFunction<void()> wake)
    : wake_(std::move(wake)), descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CLAVIGER_ASSERT(descriptor_ >= 0 && uv_poll_init(&loop, &poll_, descriptor_) == 0);
  poll_.data = this;
  CLAVIGER_ASSERT(uv_poll_start(&poll_, UV_READABLE,
                                [](uv_poll_t* handle, int, int) { static_cast<WakeUp*>(handle->data)->woken(); }) == 0);
}

WakeUp::~WakeUp() { ::close(descriptor_); }

void WakeUp::send() {
  const std::uint64_t one = 1;
  // It fails only when 2^64 - 2 sends are waiting to be read: then the loop wakes as well.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

void WakeUp::woken() {
  std::uint64_t sends = 0;
  [[maybe_unused]] const auto taken = ::read(descriptor_, &sends, sizeof sends);  // all of them
  wake_();
}

void WakeUp::close() { uv_close(reinterpret_cast<uv_handle_t*>(&poll_), nullptr); }

}  // namespace claviger::runtime
