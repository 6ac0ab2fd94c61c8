// OneShot<T>: a wait for one value that something outside of coroutines delivers: a callback, a pool thread's message,
// another shard. Completer<T>: the other end.
//
// Both ends are used on one shard (the Completer may travel through other threads inside a message, untouched).
// Dropping the waiter detaches it: the value is then thrown away on arrival. Dropping the Completer unanswered leaves
// the waiter to its deadline. complete() resumes the waiter inline: call it from the loop, as the last thing.
#pragma once

#include <atomic>
#include <coroutine>
#include <optional>
#include <utility>

#include "core/runtime/shard.h"
#include "core/runtime/timer_wheel.h"

namespace claviger::runtime {

namespace detail {
template <typename T>
struct OneShotState {
  std::optional<T> value;
  std::coroutine_handle<> waiter;
  // Atomic: as shards end, the home may drop its end while the asker drops the other.
  std::atomic<unsigned> references = 2;
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};
}  // namespace detail

template <typename T>
class Completer {
 public:
  explicit Completer(detail::OneShotState<T>* state) : state_(state) {}
  Completer(Completer&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Completer& operator=(Completer&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Completer() {
    if (state_ != nullptr) state_->release();
  }

  void complete(T value) {
    CLAVIGER_ASSERT(state_ != nullptr);
    detail::OneShotState<T>* state = std::exchange(state_, nullptr);
    state->value.emplace(std::move(value));
    const std::coroutine_handle<> waiter = std::exchange(state->waiter, nullptr);
    state->release();
    if (waiter) waiter.resume();
  }
  // True when nobody waits any more: the work may be skipped.
  bool is_abandoned() const { return state_ == nullptr || state_->references.load(std::memory_order_relaxed) == 1; }

 private:
  detail::OneShotState<T>* state_;
};

template <typename T>
class [[nodiscard]] OneShot {
 public:
  explicit OneShot(detail::OneShotState<T>* state) : state_(state) {}
  OneShot(OneShot&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  OneShot& operator=(OneShot&&) = delete;
  ~OneShot() {
    if (state_ == nullptr) return;
    state_->waiter = nullptr;
    state_->release();
  }

  class Awaiter {
   public:
    explicit Awaiter(OneShot& owner) : state_(owner.state_) {}
    bool await_ready() const { return state_->value.has_value(); }
    void await_suspend(std::coroutine_handle<> waiter) { state_->waiter = waiter; }
    T await_resume() { return *std::move(state_->value); }

   protected:
    detail::OneShotState<T>* state_;
  };
  // Without a deadline: for what is certain to answer (the offload pool, the commit writer).
  Awaiter operator co_await() { return Awaiter(*this); }

  class DeadlineAwaiter {
   public:
    DeadlineAwaiter(OneShot& owner, Monotonic deadline)
        : state_(owner.state_), deadline_(deadline), timer_(&DeadlineAwaiter::passed, this) {}
    bool await_ready() const { return state_->value.has_value(); }
    void await_suspend(std::coroutine_handle<> waiter) {
      state_->waiter = waiter;
      Shard::current().timers().start(timer_, deadline_);
    }
    std::optional<T> await_resume() { return std::move(state_->value); }

   private:
    static void passed(void* owner) {
      auto* self = static_cast<DeadlineAwaiter*>(owner);
      if (const auto waiter = std::exchange(self->state_->waiter, nullptr)) waiter.resume();
    }
    detail::OneShotState<T>* state_;
    Monotonic deadline_;
    Timer timer_;
  };
  // Nothing when the deadline passes first.
  DeadlineAwaiter until(Monotonic deadline) { return DeadlineAwaiter(*this, deadline); }

 private:
  detail::OneShotState<T>* state_;
};

template <typename T>
struct OneShotPair {
  OneShotPair() : OneShotPair(new detail::OneShotState<T>) {}
  OneShot<T> waiter;
  Completer<T> completer;

 private:
  explicit OneShotPair(detail::OneShotState<T>* state) : waiter(state), completer(state) {}
};

}  // namespace claviger::runtime
