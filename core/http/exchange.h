// Exchange: one request and the run of its handler, inside a server's connection.
//
// Owned by its protocol object, on its shard. Destroying it cancels the handler at its suspension point; it must not
// be destroyed from within answer(), which the handler's end calls.
#pragma once

#include <coroutine>
#include <utility>

#include "core/http/router.h"

namespace claviger::http {

class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() { cancel(); }

  Request request;
  const Route* route = nullptr;
  PathValues path_values;
  bool is_counted = false;  // among the requests in flight
  std::size_t held = 0;     // bytes of it counted by the dispatcher

  // The answer: exactly once, by the dispatcher or by the handler's end.
  virtual void answer(Response response) = 0;

  // Runs the handler until its first real suspension, before returning.
  void start(runtime::Task<Response> handler);
  bool is_running() const { return is_running_; }

 protected:
  void cancel() {
    is_running_ = false;
    if (run_) std::exchange(run_, nullptr).destroy();
  }

 private:
  struct Run;
  static Run drive(Exchange& exchange, runtime::Task<Response> handler);
  std::coroutine_handle<> run_;
  bool is_running_ = false;
};

}  // namespace claviger::http
