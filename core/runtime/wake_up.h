// What wakes a loop from any thread: an eventfd that it polls.
//
// In place of uv_async_send(), which marks its handle busy around the write: a sender of lower priority on the same CPU is
// preempted by the loop that its write wakes, and that loop then spins for tens of microseconds, several times, until the
// sender has been on again (libuv 1.44; 64 of 490 us of a sign-in, bench/profile sign_in).
//
// Belongs to its loop's thread, but send(). It lives until the loop has run once after close().
#pragma once

#include <uv.h>

#include "core/base/unique_function.h"

namespace claviger::runtime {

class WakeUp {
 public:
  // `wake` is called on the loop, once for any number of sends before it.
  WakeUp(uv_loop_t& loop, UniqueFunction<void()> wake);
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;
  ~WakeUp();

  // Any thread.
  void send();
  void close();

 private:
  void woken();

  UniqueFunction<void()> wake_;
  int descriptor_;
  uv_poll_t poll_{};
};

}  // namespace claviger::runtime
