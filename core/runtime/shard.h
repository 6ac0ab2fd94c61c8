// Shard: one thread, one libuv loop, and all that lives on it: slabs, timers, mailbox, tasks.
//
// Made by Shards (below) before its thread starts; everything but mailbox() is used on its own thread only.
// A turn is one pass of the loop: poll for I/O, run what became ready, then due timers and messages, then what was deferred,
// then the turn-end hooks (connections flush what the turn has written, in one write each).
#pragma once

#include <uv.h>

#include <memory>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/base/siphash.h"
#include "core/base/slice.h"
#include "core/base/unique_function.h"
#include "core/runtime/mailbox.h"
#include "core/runtime/scope.h"
#include "core/runtime/timer_wheel.h"
#include "core/runtime/turn_end_hook.h"

namespace claviger::runtime {

class Shards;

class Shard {
 public:
  Shard(std::size_t index, Shards& shards, Clock& clock, Logger& logger);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  // The shard whose thread this is; asserts that there is one.
  static Shard& current();
  static Shard* current_or_null();

  std::size_t index() const { return index_; }
  Shards& shards() { return shards_; }
  uv_loop_t* loop() { return &loop_; }
  SlabPool& slabs() { return slabs_; }
  TimerWheel& timers() { return timers_; }
  Mailbox& mailbox() { return mailbox_; }  // post from any thread
  Scope& scope() { return scope_; }        // of tasks that belong to the shard itself
  Clock& clock() { return clock_; }
  Logger& logger() { return logger_; }

  // Read once a turn: every decision of one turn sees the same time.
  Monotonic now();
  WallTime wall();

  // Runs `function` at the end of this turn, from the loop: for whoever must not drop or resume from where it is.
  void defer(UniqueFunction<void()> function);
  void at_turn_end(TurnEndHook& hook);

  // A wait of this shard. Cancelled by dropping it.
  class SleepAwaiter {
   public:
    SleepAwaiter(Shard& shard, Monotonic due) : shard_(shard), due_(due), timer_(&SleepAwaiter::wake, this) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
      waiter_ = waiter;
      shard_.timers().start(timer_, due_);
    }
    void await_resume() {}

   private:
    static void wake(void* self) { static_cast<SleepAwaiter*>(self)->waiter_.resume(); }
    Shard& shard_;
    Monotonic due_;
    Timer timer_;
    std::coroutine_handle<> waiter_;
  };
  SleepAwaiter wait_until(Monotonic due) { return SleepAwaiter(*this, due); }

  // The thread's body: runs until stop() was asked for and every handle is closed.
  void run();
  // On the shard: ends the loop after this turn; handles of others must be closed by then.
  void stop();
  // For tests without a thread of their own: binds this thread, runs turns until `is_done()` says so.
  void run_until(UniqueFunction<bool()> is_done);

 private:
  void bind_thread();
  void end_turn();
  void arm_wheel();

  std::size_t index_;
  Shards& shards_;
  Clock& clock_;
  Logger& logger_;
  SlabPool slabs_;
  uv_loop_t loop_{};
  uv_prepare_t turn_end_{};
  uv_check_t turn_start_{};
  uv_timer_t wheel_timer_{};
  uv_idle_t busy_{};  // keeps the loop from sleeping while messages wait
  Mailbox mailbox_;
  TimerWheel timers_;
  std::vector<UniqueFunction<void()>> deferred_;
  TurnEndHook* hooks_ = nullptr;
  bool has_now_ = false;
  bool has_wall_ = false;
  bool is_stopping_ = false;
  Monotonic now_;
  WallTime wall_;
  Scope scope_;
};

// All shards of the process, their threads, and who is at home where.
class Shards {
 public:
  // `cpus` empty: threads float; otherwise shard i runs on cpus[i % size].
  Shards(std::size_t count, Clock& clock, Logger& logger, SipKey home_key, std::vector<int> cpus = {});
  Shards(const Shards&) = delete;
  Shards& operator=(const Shards&) = delete;
  ~Shards();

  void start();
  // Any thread but a shard's: asks every shard to stop and joins the threads.
  void stop_and_join();
  void join();

  std::size_t size() const { return shards_.size(); }
  Shard& operator[](std::size_t index) { return *shards_[index]; }
  // The home of an entity by its primary key, hashed with a secret of the installation so that nobody aims at a shard.
  Shard& home_of(std::string_view key) { return *shards_[siphash(home_key_, key) % shards_.size()]; }

 private:
  SipKey home_key_;
  std::vector<int> cpus_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::thread> threads_;
};

}  // namespace claviger::runtime
