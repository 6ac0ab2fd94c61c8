// Scope: the owner of running tasks. Nothing is detached: a task belongs to a connection, a listener or a service
// through its scope.
//
// Lives on one shard. A scope that is closing refuses newcomers; close() returns when the last task has ended;
// cancel() drops all tasks at their suspension points (from the loop, never from one of its own tasks).
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>

#include "core/runtime/task.h"
#include "core/runtime/turn_end_hook.h"

namespace claviger::runtime {

class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { cancel(); }

  // Runs the task until its first real suspension, before returning. False, and the task dropped, when closing.
  bool spawn(Task<void> task);
  void cancel();
  // Refuses newcomers from now on; ends when the scope is empty. Awaited by at most one.
  Task<void> close();

  std::size_t size() const { return size_; }
  bool is_closing() const { return is_closing_; }

 private:
  struct Root;
  struct Links {
    Links* previous;
    Links* next;
  };
  struct EmptyAwaiter {
    explicit EmptyAwaiter(Scope& owner) : scope(owner) {}
    EmptyAwaiter(const EmptyAwaiter&) = delete;
    EmptyAwaiter& operator=(const EmptyAwaiter&) = delete;
    Scope& scope;
    bool await_ready() const { return scope.size_ == 0; }
    void await_suspend(std::coroutine_handle<> waiter) { scope.waiter_ = waiter; }
    void await_resume() {}
    ~EmptyAwaiter() { scope.waiter_ = nullptr; }
  };
  static Root run(Scope& scope, Task<void> task);
  void left();
  static void resume_waiter(void* self);

  Links list_{&list_, &list_};
  std::size_t size_ = 0;
  bool is_closing_ = false;
  std::coroutine_handle<> waiter_;
  TurnEndHook emptied_{&Scope::resume_waiter, this};
};

}  // namespace claviger::runtime
