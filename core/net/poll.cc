#include "core/net/poll.h"

#include "core/base/assert.h"

namespace claviger::net {

Result<Unit> Poll::open(uv_loop_t* loop, int descriptor) {
  CLAVIGER_ASSERT(handle_ == nullptr);
  auto* handle = new uv_poll_t;
  if (uv_poll_init(loop, handle, descriptor) != 0) {
    delete handle;
    return Error{Code::Io, "poll.open"};
  }
  handle->data = this;
  handle_ = handle;
  return Unit{};
}

void Poll::watch(int events) {
  CLAVIGER_ASSERT(handle_ != nullptr);
  if (events == watched_) return;
  watched_ = events;
  if (events == 0) {
    uv_poll_stop(handle_);
  } else {
    uv_poll_start(handle_, events, &Poll::on_event);
  }
}

void Poll::close() {
  if (handle_ == nullptr) return;
  uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(handle_, nullptr)),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  watched_ = 0;
}

void Poll::on_event(uv_poll_t* handle, int status, int events) {
  auto* self = static_cast<Poll*>(handle->data);
  if (status < 0) self->watched_ = 0;  // libuv has stopped watching
  self->callback_(self->owner_, status < 0 ? status : events);
}

}  // namespace claviger::net
