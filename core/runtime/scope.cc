#include "core/runtime/scope.h"

#include "core/runtime/shard.h"

namespace claviger::runtime {

// The coroutine at the root of each spawned task: linked into its scope from birth to death, destroys itself at its end.
struct Scope::Root {
  struct promise_type : Links {
    promise_type(Scope& owner, Task<void>&) : Links{&owner.list_, owner.list_.next}, scope(owner) {
      owner.list_.next->previous = this;
      owner.list_.next = this;
      ++owner.size_;
    }
    ~promise_type() {
      previous->next = next;
      next->previous = previous;
      scope.left();
    }
    Root get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }

    Scope& scope;
  };
  std::coroutine_handle<promise_type> handle;
};

Scope::Root Scope::run(Scope&, Task<void> task) { co_await std::move(task); }

bool Scope::spawn(Task<void> task) {
  if (is_closing_) return false;
  run(*this, std::move(task)).handle.resume();
  return true;
}

void Scope::left() {
  --size_;
  if (size_ == 0 && waiter_) {
    // From the loop: the frame whose end brought us here is still being destroyed.
    Shard::current().at_turn_end(emptied_);
  }
}

void Scope::resume_waiter(void* self) {
  if (const auto waiter = std::exchange(static_cast<Scope*>(self)->waiter_, nullptr)) waiter.resume();
}

void Scope::cancel() {
  is_closing_ = true;
  while (list_.next != &list_) {
    auto& promise = *static_cast<Root::promise_type*>(list_.next);
    std::coroutine_handle<Root::promise_type>::from_promise(promise).destroy();
  }
}

Task<void> Scope::close() {
  is_closing_ = true;
  EmptyAwaiter empty(*this);
  co_await empty;
}

}  // namespace claviger::runtime
