// The shards of one run of a process, with threads of their own, and a way for the test's thread to have things done
// there. A restart is another Process.
//
// Order at the end, as in the daemon: stop(), then the store goes, then the Process.
#pragma once

#include <future>
#include <optional>
#include <type_traits>
#include <utility>

#include "core/runtime/shard.h"
#include "core/runtime/task.h"

namespace claviger::storage {

class Process {
 public:
  Process(std::size_t shards, Clock& clock, Logger& logger) : shards_(shards, clock, logger, SipKey{1, 2}) {
    shards_.start();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { stop(); }

  runtime::Shards& shards() { return shards_; }
  // The threads have ended, their tasks are dropped.
  void stop() { shards_.stop_and_join(); }

  // Runs `function` on a shard, in one turn, and waits for it.
  template <typename Function>
  void call(Function function, std::size_t shard = 0) {
    std::promise<void> done;
    shards_[shard].mailbox().post_control([&function, &done] {
      function();
      done.set_value();
    });
    done.get_future().get();
  }
  // The present turn of the shard has ended: what it asks the clock from here on, it reads anew.
  void end_turn(std::size_t shard = 0) {
    std::promise<void> ended;
    call([&ended] { runtime::Shard::current().defer([&ended] { ended.set_value(); }); }, shard);
    ended.get_future().get();
  }
  // Runs a task to its end on a shard and waits for its result.
  template <typename T>
  T run(runtime::Task<T> task, std::size_t shard = 0) {
    std::promise<T> result;
    shards_[shard].mailbox().post_control([&task, &result] {
      runtime::Shard::current().scope().spawn(fulfil(std::move(task), &result));
    });
    return result.get_future().get();
  }

 private:
  template <typename T>
  static runtime::Task<void> fulfil(runtime::Task<T> task, std::promise<T>* result) {
    T value = co_await std::move(task);
    result->set_value(std::move(value));
  }
  runtime::Shards shards_;
};

}  // namespace claviger::storage
