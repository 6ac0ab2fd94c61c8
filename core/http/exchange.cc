#include "core/http/exchange.h"

#include <exception>

namespace claviger::http {

// The coroutine around a handler: stays suspended at its end until its exchange is destroyed.
struct Exchange::Run {
  struct promise_type {
    Run get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

Exchange::Run Exchange::drive(Exchange& exchange, runtime::Task<Response> handler) {
  Response response = co_await std::move(handler);
  // The request is in its frame: gone with it, however long the answer waits for its reader.
  { const runtime::Task<Response> finished = std::move(handler); }
  exchange.is_running_ = false;
  exchange.answer(std::move(response));
}

void Exchange::start(runtime::Task<Response> handler) {
  CLAVIGER_ASSERT(!run_);
  is_running_ = true;
  const Run run = drive(*this, std::move(handler));
  run_ = run.handle;
  run.handle.resume();
}

}  // namespace claviger::http
