// Poll: a file descriptor watched by a shard's loop. Owned by what reads and writes the descriptor, on its shard.
//
// The destructor takes the descriptor off the loop at once, so that it may be closed right after; libuv's own part
// lives until its callback has come.
#pragma once

#include <uv.h>

#include "core/base/result.h"

namespace claviger::net {

class Poll {
 public:
  // `events` are UV_READABLE, UV_WRITABLE; or a negative UV error.
  using Callback = void (*)(void* owner, int events);

  Poll(Callback callback, void* owner) : callback_(callback), owner_(owner) {}
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  ~Poll() { close(); }

  Result<Unit> open(uv_loop_t* loop, int descriptor);
  // Watches exactly these events; costs a system call when they differ from before.
  void watch(int events);
  int watched() const { return watched_; }
  void close();
  bool is_open() const { return handle_ != nullptr; }

 private:
  static void on_event(uv_poll_t* handle, int status, int events);
  Callback callback_;
  void* owner_;
  uv_poll_t* handle_ = nullptr;
  int watched_ = 0;
};

}  // namespace claviger::net
